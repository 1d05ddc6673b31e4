// Edits are on the screen before the server has done anything. To be sure of that, the process
// that applies commands stands still while they are made.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { watchFramesAfter, watchMarks } from '../support/frames.mjs';
import { Node } from '../support/node.mjs';
import { waitFor } from '../support/wait.mjs';

describe('while the worker stands still', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let graphId;
  let ada;
  let ids;

  before(async () => {
    node = await Node.start({ roles: 'split' });
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    graphId = await node.newGraph('Frozen');
    ada = await Person.arrive(browser);
    await ada.openGraph(node, graphId);
    ids = [];
    for (const title of ['First', 'Second', 'Third', 'Fourth']) {
      ids.push(await ada.canvas.add(title));
    }
    await ada.canvas.key('Escape');
    await ada.canvas.untilSaved();
    node.worker.freeze();
  });

  afterEach(async () => {
    node.worker.thaw();
    await ada.leave();
  });

  test('a drag shows in the next frame and stays marked until it is confirmed', async () => {
    const [id] = ids;
    const grip = await ada.canvas.middle(id);
    const { mouse } = ada.page;
    const moves = await watchFramesAfter(ada.page, 'mousemove', id);
    await mouse.move(grip.x, grip.y);
    await mouse.down();
    for (let step = 1; step <= 12; step += 1) {
      await mouse.move(grip.x + 12 * step, grip.y + 9 * step);
      await ada.page.evaluate(() => new Promise(requestAnimationFrame));
    }
    await mouse.up();
    const seen = await moves();
    const dragged = seen.filter(({ pointer }) => pointer.x - grip.x > 30);
    assert.ok(dragged.length >= 5, `${dragged.length} moves were seen`);
    // The first move only takes hold of the node; from there on the grip does not slip.
    const offset = ({ pointer, middle }) => ({ x: middle.x - pointer.x, y: middle.y - pointer.y });
    const grips = dragged.map(offset);
    for (const { x, y } of grips) {
      assert.ok(Math.hypot(x - grips[0].x, y - grips[0].y) < 1, JSON.stringify(grips));
      assert.ok(Math.hypot(x, y) <= 16, 'the node is under the pointer');
    }
    assert.ok(seen.at(-1).pending, 'the node is marked');
    assert.match(await ada.canvas.status(), /^saving \(\d+\)$/);

    const place = await ada.canvas.place(id);
    const stored = (await node.stored(graphId)).nodes.get(id).position;
    assert.ok(Math.hypot(stored.x - place.x, stored.y - place.y) > 50, 'nothing is applied yet');
    node.worker.thaw();
    await ada.canvas.untilSaved();
    assert.equal(await ada.canvas.mark(id).count(), 0);
    const { x, y } = (await node.stored(graphId)).nodes.get(id).position;
    assert.ok(Math.hypot(x - place.x, y - place.y) < 1, 'it is stored where it was dropped');
    await node.verify(graphId);
  });

  test('a rename shows in the next frame and stays marked until it is confirmed', async () => {
    const [id] = ids;
    await ada.canvas.node(id).locator('.entity-title').dblclick();
    await ada.page.getByRole('textbox', { name: 'Title' }).fill('Renamed');
    const keys = await watchFramesAfter(ada.page, 'keydown', id);
    await ada.page.keyboard.press('Enter');
    const [seen] = await keys();
    assert.equal(seen.title, 'Renamed');
    assert.ok(seen.pending, 'the node is marked');
    await ada.canvas.untilStatus('saving (1)');
    assert.equal((await node.stored(graphId)).nodes.get(id).title, 'First');
    node.worker.thaw();
    await ada.canvas.untilSaved();
    assert.equal(await ada.canvas.mark(id).count(), 0);
    assert.equal((await node.stored(graphId)).nodes.get(id).title, 'Renamed');
  });

  test('marks clear in order; the rename of a node that another deleted reverts alone', async () => {
    const [first, doomed, third, fourth] = ids;
    // The other client's command is in the queue before any of hers.
    await node.command(graphId, 'DELETE_NODE', { id: doomed });
    await ada.canvas.rename(first, 'First, renamed');
    await ada.canvas.rename(doomed, 'Too late');
    await ada.canvas.rename(third, 'Third, renamed');
    await ada.canvas.rename(fourth, 'Fourth, renamed');
    const extra = await ada.canvas.add('Fifth');
    await ada.canvas.untilStatus(/^saving \(6\)$/);
    assert.equal(await ada.canvas.title(doomed), 'Too late', 'her wish shows until it is refused');
    for (const id of [...ids, extra]) await ada.canvas.mark(id).waitFor();
    await ada.screenshot('pending');

    const order = [first, third, fourth, extra];
    const marks = await watchMarks(ada.page, order);
    node.worker.thaw();
    await ada.canvas.untilStatus('needs attention (1)');
    await waitFor('all marks to clear', async () => (await marks()).at(-1).length === 0);
    for (const marked of await marks()) {
      assert.deepEqual(marked, order.slice(order.length - marked.length), 'cleared in order');
    }

    const panel = ada.page.getByTestId('attention-panel');
    assert.equal(await panel.locator('li').count(), 1, 'only the rename was refused');
    const text = await panel.innerText();
    assert.match(text, /Rename “Second” to “Too late”/);
    assert.match(text, /deleted meanwhile/);
    assert.match(text, /not_found/);
    assert.equal(await ada.canvas.node(doomed).count(), 0);
    assert.equal(await ada.canvas.title(first), 'First, renamed');
    assert.equal(await ada.canvas.title(third), 'Third, renamed');
    assert.equal(await ada.canvas.title(fourth), 'Fourth, renamed');
    assert.equal(await ada.canvas.title(extra), 'Fifth');
    await ada.screenshot('attention');

    await panel.getByRole('button', { name: 'Dismiss' }).click();
    await ada.canvas.untilSaved();
    const { nodes } = await node.stored(graphId);
    assert.deepEqual([...nodes.values()].map(({ title }) => title).sort(), [
      'Fifth',
      'First, renamed',
      'Fourth, renamed',
      'Third, renamed',
    ]);
    await node.verify(graphId);
  });

  test('an edge to a node that another browser deleted is taken back alone', async () => {
    const [first, doomed, third] = ids;
    node.worker.thaw();
    const bob = await Person.arrive(browser);
    await bob.openGraph(node, graphId);
    node.worker.freeze();
    await bob.canvas.node(doomed).click();
    await bob.canvas.key('Delete');
    await bob.canvas.untilStatus('saving (1)');
    assert.equal(await bob.canvas.node(doomed).count(), 0);
    assert.equal(await ada.canvas.node(doomed).count(), 1, 'she does not know yet');
    await ada.canvas.connect(first, doomed);
    await ada.canvas.connect(first, third);
    await ada.canvas.untilStatus('saving (2)');
    node.worker.thaw();
    await ada.canvas.untilStatus('needs attention (1)');
    await bob.canvas.untilSaved();
    const text = await ada.page.getByTestId('attention-panel').innerText();
    assert.match(text, /Connect two nodes/);
    await bob.canvas.untilCounts({ nodes: 3, edges: 1 });
    await ada.canvas.untilCounts({ nodes: 3, edges: 1 });
    await node.verify(graphId);
    await bob.leave();
  });
});
