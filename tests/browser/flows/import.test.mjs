// Graphs come in by button and by dropping a file; broken and cancelled ones leave nothing.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import {
  brokenCargoLock,
  CARGO_LOCK,
  Files,
  graphyJson,
  PACKAGE_LOCK,
  packagesIn,
} from '../support/files.mjs';
import { Node } from '../support/node.mjs';
import { waitFor } from '../support/wait.mjs';

describe('bringing graphs in', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let files;
  let ada;
  let known;

  before(async () => {
    node = await Node.start({ roles: 'split' });
    browser = await startBrowser();
    files = await Files.make();
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
    await files?.clear();
  });

  beforeEach(async () => {
    const graphId = await node.newGraph('Before');
    known = await graphIds();
    ada = await Person.arrive(browser);
    await ada.openGraph(node, graphId);
    await watchProgress();
  });

  afterEach(async () => {
    node.worker.thaw();
    await ada.leave();
  });

  async function graphIds() {
    return (await node.graphs()).map(({ graphId }) => graphId).sort();
  }

  /** Writes down what the card of an import says, each time that it changes. */
  async function watchProgress() {
    await ada.page.evaluate(() => {
      window.progressSeen = [];
      const look = () => {
        const text = document.querySelector('.import-count')?.textContent;
        if (text && text !== window.progressSeen.at(-1)) window.progressSeen.push(text);
      };
      const changes = { childList: true, subtree: true, characterData: true };
      new MutationObserver(look).observe(document.body, changes);
    });
  }

  async function chooseFile(path) {
    const asked = ada.page.waitForEvent('filechooser');
    await ada.page.getByTestId('import-button').first().click();
    await (await asked).setFiles(path);
  }

  /** Drags a file of the disk over the canvas and drops it there, as the desktop does. */
  async function dropFile(path, target = '.drop-zone') {
    const { x, y, width, height } = await ada.page.locator(target).boundingBox();
    const session = await ada.context.newCDPSession(ada.page);
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    const place = { x: x + width / 2, y: y + height / 2 };
    await session.send('Input.dispatchDragEvent', { type: 'dragEnter', ...place, data });
    await session.send('Input.dispatchDragEvent', { type: 'dragOver', ...place, data });
    await ada.page.getByText('Drop to import as a new graph').waitFor();
    await session.send('Input.dispatchDragEvent', { type: 'drop', ...place, data });
    await session.detach();
    await ada.page.getByText('Drop to import as a new graph').waitFor({ state: 'detached' });
  }

  /** The one new graph, which the console has opened by itself. */
  async function opened() {
    const graph = await waitFor('the imported graph to be listed', async () =>
      (await node.graphs()).find(({ graphId }) => !known.includes(graphId)),
    );
    await ada.page.waitForURL((url) => url.hash === `#/graph/${graph.graphId}`);
    await ada.canvas.untilSaved();
    await ada.canvas.untilCounts({ nodes: graph.nodes, edges: graph.edges });
    const report = await node.verify(graph.graphId);
    assert.deepEqual([report.nodes, report.edges], [graph.nodes, graph.edges]);
    return graph;
  }

  async function nothingNew() {
    assert.deepEqual(await graphIds(), known);
  }

  test('Cargo.lock, by button, with progress', async () => {
    await chooseFile(CARGO_LOCK);
    const graph = await opened();
    assert.equal(graph.nodes, await packagesIn(CARGO_LOCK));
    const seen = await ada.page.evaluate(() => window.progressSeen);
    assert.ok(seen.length >= 2, `progress was shown: ${seen}`);
    const steps = seen.map((text) => text.replaceAll(',', '').split(' of ').map(Number));
    for (const [index, [done, total]] of steps.entries()) {
      assert.ok(done <= total, seen[index]);
      if (index > 0) assert.ok(done >= steps[index - 1][0], `it never goes back: ${seen}`);
    }
    await ada.screenshot('imported');
  });

  test('package-lock.json, dropped', async () => {
    await dropFile(PACKAGE_LOCK);
    const graph = await opened();
    assert.equal(graph.nodes, await packagesIn(PACKAGE_LOCK));
  });

  test('Graphy JSON, dropped', async () => {
    const text = graphyJson('Seasons', ['Spring', 'Summer', 'Autumn', 'Winter']);
    await dropFile(await files.write('seasons.json', text));
    const graph = await opened();
    assert.deepEqual([graph.nodes, graph.edges], [4, 3]);
    const { nodes, edges } = await node.stored(graph.graphId);
    const wanted = JSON.parse(text);
    assert.deepEqual(
      wanted.nodes.map(({ id }) => [nodes.get(id).title, nodes.get(id).position]),
      wanted.nodes.map(({ title, position }) => [title, position]),
    );
    assert.deepEqual(
      wanted.edges.map(({ id }) => [edges.get(id).source, edges.get(id).target]),
      wanted.edges.map(({ source, target }) => [source, target]),
    );
    await ada.page.getByText('Winter').waitFor();
  });

  const broken = [
    {
      name: 'a Cargo.lock with a broken line',
      make: async () => {
        const { text, line } = await brokenCargoLock();
        const path = await files.write('Cargo.lock', text);
        return { path, reason: new RegExp(`\\bline ${line}\\b`) };
      },
    },
    {
      name: 'a package-lock.json with a value of the wrong type',
      make: async () => {
        const lock = JSON.parse(await readFile(PACKAGE_LOCK, 'utf8'));
        lock.packages['node_modules/react'].version = 19;
        const path = await files.write('package-lock.json', JSON.stringify(lock, null, 2));
        return { path, reason: /node_modules\/react.*version.*line \d+/ };
      },
    },
    {
      name: 'Graphy JSON with an edge to nowhere',
      make: async () => {
        const graph = JSON.parse(graphyJson('Broken', ['One', 'Two', 'Three']));
        graph.edges[1].target = 'nowhere';
        const path = await files.write('broken.json', JSON.stringify(graph, null, 2));
        return { path, reason: /edges\[1\]|line \d+/ };
      },
    },
    {
      name: 'Graphy JSON that was cut off',
      make: async () => {
        const text = graphyJson('Cut', ['One', 'Two', 'Three']).slice(0, 400);
        const path = await files.write('cut.json', text);
        return { path, reason: /line \d+/ };
      },
    },
  ];
  for (const { name, make } of broken) {
    test(`${name} gives one clear error`, async () => {
      const { path, reason } = await make();
      await chooseFile(path);
      const alert = ada.page.getByRole('alert').filter({ hasText: 'was not imported' });
      await alert.first().waitFor();
      assert.match((await alert.first().innerText()).replaceAll('\n', ' '), reason);
      await ada.screenshot(
        `import-refused-${broken.findIndex((entry) => entry.name === name) + 1}`,
      );
      assert.equal(await alert.count(), 1, 'one error, not two');
      await nothingNew();
      await ada.canvas.untilSaved();
    });
  }

  test('a cancelled import leaves nothing', async () => {
    node.worker.freeze();
    await chooseFile(CARGO_LOCK);
    const card = ada.page.locator('.import-card');
    await card.getByRole('button', { name: 'Cancel' }).waitFor();
    await ada.screenshot('importing');
    await card.getByRole('button', { name: 'Cancel' }).click();
    node.worker.thaw();
    await card.waitFor({ state: 'detached' });
    await nothingNew();
    await waitFor('every trace of it to be gone', async () => {
      const keys = (await node.redis('--scan', '--pattern', '*')).split('\n');
      const graphs = keys.flatMap((key) => /^graph:\{([^}]+)\}/.exec(key)?.[1] ?? []);
      return graphs.every((id) => known.includes(id));
    });
    await ada.canvas.untilSaved();
  });
});
