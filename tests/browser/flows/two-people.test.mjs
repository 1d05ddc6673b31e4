// Two people in two browsers edit the dependency graph of this repository at the same time.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { Node } from '../support/node.mjs';
import { waitFor, waitForValue } from '../support/wait.mjs';

describe('two people on one graph', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let graphId;
  let ada;
  let bob;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    graphId = await node.importLockFile('Dependencies');
    ada = await Person.arrive(browser);
    bob = await Person.arrive(browser);
    await ada.openGraph(node, graphId);
    await bob.openGraph(node, graphId);
  });

  afterEach(async () => {
    await ada?.leave();
    await bob?.leave();
  });

  /** Both say “saved” and show the same; what is stored agrees with its checksum. */
  async function agree() {
    await ada.canvas.untilSaved();
    await bob.canvas.untilSaved();
    const counts = await ada.canvas.counts();
    await bob.canvas.untilCounts(counts);
    const report = await node.verify(graphId);
    assert.deepEqual(counts, { nodes: report.nodes, edges: report.edges });
  }

  test('what one adds, drags, renames, connects and deletes, the other sees', async () => {
    const start = await ada.canvas.counts();
    assert.ok(start.nodes > 300, `${start.nodes} nodes were imported`);
    await ada.canvas.find('serde_json');

    const engine = await ada.canvas.add('Engine');
    const wheel = await ada.canvas.add('Wheel');
    await bob.canvas.untilCounts({ ...start, nodes: start.nodes + 2 });
    assert.equal(await bob.canvas.find('Engine'), engine);
    await bob.canvas.untilTitle(engine, 'Engine');

    await ada.canvas.drag(engine, { x: 60, y: -140 });
    await bob.canvas.untilPlace(engine, await ada.canvas.place(engine));

    await bob.canvas.rename(engine, 'Motor');
    await ada.canvas.untilTitle(engine, 'Motor');

    await ada.canvas.connect(engine, wheel);
    await bob.canvas.untilCounts({ nodes: start.nodes + 2, edges: start.edges + 1 });
    const { edges } = await node.stored(graphId);
    const edge = [...edges.values()].find(({ source }) => source === engine);
    assert.equal(edge?.target, wheel, 'the edge goes where it was drawn');

    await bob.canvas.find('Wheel');
    await bob.canvas.key('Delete');
    await ada.canvas.untilCounts({ nodes: start.nodes + 1, edges: start.edges });
    await waitFor(
      'the deleted node to be gone',
      async () => !(await ada.canvas.node(wheel).count()),
    );
    await agree();
  });

  test('a box selects, moves and copies many nodes at once', async () => {
    await ada.canvas.find('serde_json');
    const ids = [await ada.canvas.add('One'), await ada.canvas.add('Two')];
    await ada.canvas.connect(ids[0], ids[1]);
    const start = await ada.canvas.counts();
    await ada.canvas.key('Escape');
    assert.deepEqual(await ada.canvas.selected(), []);

    await ada.canvas.boxSelect(ids);
    const chosen = await ada.canvas.selected();
    for (const id of ids) assert.ok(chosen.includes(id), `${id} is in the box`);
    const before = await Promise.all(chosen.map((id) => ada.canvas.place(id)));
    await ada.canvas.drag(ids[0], { x: 40, y: 130 });
    const moved = await Promise.all(chosen.map((id) => ada.canvas.place(id)));
    for (const [index, place] of moved.entries()) {
      const { x, y } = before[index];
      assert.ok(place.y - y > 50, `${chosen[index]} moved down`);
      assert.ok(Math.abs(place.x - x - (moved[0].x - before[0].x)) < 0.2, 'all by the same way');
    }
    await bob.canvas.find('One');
    await bob.canvas.untilPlace(ids[0], moved[chosen.indexOf(ids[0])]);
    await ada.canvas.untilSaved();
    const { nodes } = await node.stored(graphId);
    for (const [index, id] of chosen.entries()) {
      const { x, y } = nodes.get(id).position;
      const place = moved[index];
      assert.ok(Math.hypot(x - place.x, y - place.y) < 0.2, `${id} is stored where it was put`);
    }

    await ada.canvas.key('Control+c');
    await ada.canvas.key('Control+v');
    const pasted = await ada.canvas.selected();
    assert.equal(pasted.length, chosen.length);
    assert.equal(pasted.filter((id) => chosen.includes(id)).length, 0, 'copies have their own ids');
    await waitForValue(
      'the number of nodes in the other browser',
      async () => (await bob.canvas.counts()).nodes,
      start.nodes + chosen.length,
    );
    await ada.canvas.untilSaved();
    const stored = await node.stored(graphId);
    const copied = new Set(pasted);
    const between = [...stored.edges.values()].filter(
      ({ source, target }) => copied.has(source) && copied.has(target),
    );
    assert.ok(between.length >= 1, 'the edge between copied nodes is copied too');
    await agree();
  });

  test('both edit at the same time', async () => {
    const start = await ada.canvas.counts();
    await ada.canvas.find('tokio-util');
    await bob.canvas.find('serde_derive');
    const edit = async ({ canvas }, name) => {
      const ids = [];
      for (let count = 1; count <= 4; count += 1) {
        const id = await canvas.add(`${name} ${count}`);
        await canvas.drag(id, { x: 25, y: -35 });
        ids.push(id);
      }
      return ids;
    };
    const [hers, his] = await Promise.all([edit(ada, 'Ada'), edit(bob, 'Bob')]);
    const edges = start.edges;
    await ada.canvas.untilCounts({ nodes: start.nodes + 8, edges });
    await agree();
    const { nodes } = await node.stored(graphId);
    assert.deepEqual(
      [...hers, ...his].map((id) => nodes.get(id)?.title),
      ['Ada 1', 'Ada 2', 'Ada 3', 'Ada 4', 'Bob 1', 'Bob 2', 'Bob 3', 'Bob 4'],
    );
  });
});
