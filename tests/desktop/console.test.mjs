// Flows of a person in front of the real console window, driven through WebDriver.
//
// Run by `cargo xtask e2e desktop`, which builds the console and starts a display and a session bus.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  dataDir,
  distance,
  nodeOnScreen,
  pendingMarks,
  pickNodes,
  quit,
  renameOnScreen,
  setUp,
  start,
  status,
  tearDown,
  untilGraphIsShown,
  untilTitlesAreShown,
  window,
} from './console-window.mjs';
import { nodeOf } from './node.mjs';
import { consoleOf, redisBelow } from './processes.mjs';
import { waitFor } from './webdriver.mjs';

describe('the console window', { timeout: 300_000 }, () => {
  before(setUp);
  after(tearDown);

  test('opens with the dependency graph of the project on its canvas', async () => {
    await untilGraphIsShown();
    await window.screenshot('desktop-graph');
  });

  test('a dragged node is where it was dropped after quitting and starting again', async () => {
    await untilGraphIsShown();
    const [node] = await pickNodes(1);
    const target = { x: node.middle.x + 120, y: node.middle.y + 60 };
    await window.drag(node.middle, target);
    const dropped = await waitFor('the node to follow the pointer', async () => {
      const now = await nodeOnScreen(node.id);
      return now && distance(now.place, node.place) > 20 ? now : undefined;
    });
    await waitFor('the change to be saved', async () => /saved/i.test(await status()));
    await window.screenshot('desktop-dragged');

    await quit();
    await start();
    await untilGraphIsShown();
    const again = await waitFor('the node to be on the canvas', () => nodeOnScreen(node.id));
    await window.screenshot('desktop-restarted');
    assert.ok(
      distance(again.place, dropped.place) < 1,
      `dropped at ${JSON.stringify(dropped.place)}, found at ${JSON.stringify(again.place)}`,
    );
  });

  // The console's workers live in its own process, so they cannot be stopped apart from it: a
  // Redis that stands still is the stand-in. Nothing can be decided before it goes on.
  test('edits show at once while nothing can be decided, and are saved once it goes on', async () => {
    await untilTitlesAreShown();
    const redis = await redisBelow(await consoleOf(dataDir));
    const [moving, renamed] = await pickNodes(2);
    let shown;
    process.kill(redis, 'SIGSTOP');
    try {
      await window.drag(moving.middle, { x: moving.middle.x - 90, y: moving.middle.y + 50 });
      const moved = await nodeOnScreen(moving.id);
      assert.ok(distance(moved.place, moving.place) > 20, 'the node moved on the screen');
      shown = await renameOnScreen(renamed.id, 'Renamed while nothing moves');
      assert.deepEqual(shown, { title: 'Renamed while nothing moves', pending: true });
      assert.ok((await pendingMarks()).includes(moving.id), 'the moved node is marked too');
      const said = await status();
      assert.doesNotMatch(said, /^saved/i, 'nothing is called saved while nothing can be');
      await window.screenshot('desktop-pending');
    } finally {
      process.kill(redis, 'SIGCONT');
    }
    await waitFor('the changes to be saved', async () => /saved/i.test(await status()));
    assert.deepEqual(await pendingMarks(), [], 'no mark is left');
    const node = await nodeOf(dataDir);
    const stored = await node.nodes();
    assert.equal(stored.get(renamed.id).title, 'Renamed while nothing moves');
  });

  test('a rename of what another client deleted is taken back alone, with its reason', async () => {
    await untilTitlesAreShown();
    const node = await nodeOf(dataDir);
    const [doomed, kept] = await pickNodes(2);
    // Redis takes no writes but still answers questions: the deletion waits in the graph's queue
    // and the renames of the window, which knows nothing of it, get in line behind it.
    let deleted;
    await node.withoutWrites(async () => {
      deleted = node.deleteNode(doomed.id);
      await node.nodes();
      const shown = await renameOnScreen(doomed.id, 'Too late');
      assert.deepEqual(shown, { title: 'Too late', pending: true });
      await renameOnScreen(kept.id, 'In time');
    });
    await deleted;
    const reason = await waitFor('the reason in the panel', async () => {
      const text = await window.evaluate(
        `return document.querySelector('[data-testid="attention-panel"]')?.textContent ?? '';`,
      );
      return text.includes('taken back') ? text : undefined;
    });
    assert.match(reason, /Needs attention \(1\)/);
    assert.match(reason, /to “Too late”/);
    assert.match(reason, /What it changes was deleted meanwhile\. Your change was taken back\./);
    await waitFor('all marks to clear', async () => (await pendingMarks()).length === 0);
    await window.screenshot('desktop-attention');
    assert.equal(await nodeOnScreen(doomed.id), undefined, 'the deleted node is gone');
    assert.equal((await node.nodes()).get(kept.id).title, 'In time');
    await window.evaluate(`document.querySelector('[aria-label="Dismiss"]').click();`);
    await waitFor('the panel to go', async () => /^saved/i.test(await status()));
  });

  test('another window is a client of its own that shows the same graph', async () => {
    await untilGraphIsShown();
    const [first] = await window.handles();
    await window.evaluate(`window.dispatchEvent(new KeyboardEvent('keydown',
      { key: 'N', ctrlKey: true, shiftKey: true, bubbles: true }));`);
    const second = await waitFor('another window', async () =>
      (await window.handles()).find((handle) => handle !== first),
    );
    await window.switchTo(second);
    await untilGraphIsShown();
    await window.screenshot('desktop-second-window');
    await window.switchTo(first);
  });
});
