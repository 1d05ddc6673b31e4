// What leaves the console as a file is whole: it opens elsewhere and comes back in.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { Files } from '../support/files.mjs';
import { Node } from '../support/node.mjs';
import { waitFor } from '../support/wait.mjs';

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

describe('taking graphs out', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let files;
  let graphId;
  let ada;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
    files = await Files.make();
    graphId = await node.importLockFile('Dependencies & <friends>');
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
    await files?.clear();
  });

  beforeEach(async () => {
    ada = await Person.arrive(browser);
    await ada.openGraph(node, graphId);
  });

  afterEach(() => ada.leave());

  async function download(format) {
    await ada.page.getByTestId('export-menu').click();
    const [file] = await Promise.all([
      ada.page.waitForEvent('download'),
      ada.page.getByTestId(`export-${format}`).click(),
    ]);
    assert.match(file.suggestedFilename(), new RegExp(`\\.${format}$`));
    assert.equal(await file.failure(), null);
    return readFile(await file.path());
  }

  test('JSON holds the graph, and imported again it is the same', async () => {
    const text = (await download('json')).toString('utf8');
    const before = await node.stored(graphId);
    const file = JSON.parse(text);
    assert.equal(file.nodes.length, before.nodes.size);
    assert.equal(file.edges.length, before.edges.size);

    const known = new Set((await node.graphs()).map((graph) => graph.graphId));
    const path = await files.write('again.json', text);
    const asked = ada.page.waitForEvent('filechooser');
    await ada.page.getByTestId('import-button').click();
    await (await asked).setFiles(path);
    const again = await waitFor('the graph to come back', async () =>
      (await node.graphs()).find((graph) => !known.has(graph.graphId)),
    );
    await ada.page.waitForURL((url) => url.hash === `#/graph/${again.graphId}`);
    assert.equal(again.name, 'Dependencies & <friends>');
    const after = await node.stored(again.graphId);
    assert.deepEqual([...after.nodes.keys()].sort(), [...before.nodes.keys()].sort());
    assert.deepEqual([...after.edges.keys()].sort(), [...before.edges.keys()].sort());
    for (const [id, { title, position, kind, data }] of before.nodes) {
      const copy = after.nodes.get(id);
      assert.deepEqual(
        [copy.title, copy.position, copy.kind, copy.data],
        [title, position, kind, data],
      );
    }
    await node.verify(again.graphId);
  });

  test('SVG is a drawing that a browser shows', async () => {
    const text = (await download('svg')).toString('utf8');
    const seen = await ada.page.evaluate(async (source) => {
      const parsed = new DOMParser().parseFromString(source, 'image/svg+xml');
      const image = new Image();
      image.src = URL.createObjectURL(new Blob([source], { type: 'image/svg+xml' }));
      await image.decode();
      return {
        faults: parsed.getElementsByTagName('parsererror').length,
        root: parsed.documentElement.localName,
        boxes: parsed.querySelectorAll('polygon').length,
        texts: [...parsed.querySelectorAll('text')].map(({ textContent }) => textContent.trim()),
        width: image.naturalWidth,
        height: image.naturalHeight,
      };
    }, text);
    assert.equal(seen.faults, 0);
    assert.equal(seen.root, 'svg');
    const { nodes } = await node.stored(graphId);
    assert.ok(seen.boxes >= nodes.size, `${seen.boxes} boxes for ${nodes.size} nodes`);
    const texts = new Set(seen.texts);
    const short = [...nodes.values()].filter(({ title }) => title.length < 20);
    assert.ok(short.length > 100, `${short.length} short titles`);
    for (const { title } of short) assert.ok(texts.has(title), `${title} is written`);
    assert.ok(seen.width > 100 && seen.height > 100, `${seen.width} × ${seen.height}`);
  });

  test('PNG is a picture with something on it', async () => {
    const picture = await download('png');
    assert.deepEqual([...picture.subarray(0, 8)], PNG_SIGNATURE);
    assert.equal(picture.subarray(12, 16).toString('latin1'), 'IHDR');
    const size = { width: picture.readUInt32BE(16), height: picture.readUInt32BE(20) };
    const seen = await ada.page.evaluate(async (base64) => {
      const image = new Image();
      image.src = `data:image/png;base64,${base64}`;
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = 400;
      canvas.height = 400;
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0, 400, 400);
      const { data } = context.getImageData(0, 0, 400, 400);
      const colors = new Set();
      for (let at = 0; at < data.length; at += 4) colors.add(data.slice(at, at + 3).join());
      return { width: image.naturalWidth, height: image.naturalHeight, colors: colors.size };
    }, picture.toString('base64'));
    assert.deepEqual({ width: seen.width, height: seen.height }, size);
    assert.ok(seen.colors > 20, `${seen.colors} colours`);
  });
});
