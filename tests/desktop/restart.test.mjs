// What outlives the console: edits that were not decided when it ended, however it ended.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  dataDir,
  kill,
  pendingMarks,
  pickNodes,
  quit,
  renameOnScreen,
  setUp,
  start,
  status,
  tearDown,
  untilTitlesAreShown,
  window,
} from './console-window.mjs';
import { nodeOf } from './node.mjs';
import { consoleOf, redisBelow } from './processes.mjs';
import { waitFor } from './webdriver.mjs';

/** Waits until the queue on disk holds a text. */
function untilKept(text) {
  const file = join(dataDir, 'queue', 'embedded.redb');
  return waitFor(`${text} in the queue`, async () => (await readFile(file)).includes(text));
}

describe('edits that nobody has decided yet', { timeout: 300_000 }, () => {
  before(setUp);
  after(tearDown);

  test('are there after the console was killed, and happen once', async () => {
    await untilTitlesAreShown();
    const [first, second] = await pickNodes(2);
    process.kill(await redisBelow(await consoleOf(dataDir)), 'SIGSTOP');
    await renameOnScreen(first.id, 'Kept through a kill');
    await renameOnScreen(second.id, 'Kept as well');
    await untilKept('Kept as well');
    assert.doesNotMatch(await status(), /^saved/i);
    await window.screenshot('desktop-before-kill');
    await kill();

    await start();
    await untilTitlesAreShown();
    const node = await nodeOf(dataDir);
    await waitFor('both names to land', async () => {
      const nodes = await node.nodes();
      const titles = [first, second].map(({ id }) => nodes.get(id).title);
      return titles.join() === 'Kept through a kill,Kept as well';
    });
    await waitFor('the window to agree', async () => /saved/i.test(await status()));
    assert.deepEqual(await pendingMarks(), []);
    assert.equal(await node.timesRenamed(first.id, 'Kept through a kill'), 1);
    assert.equal(await node.timesRenamed(second.id, 'Kept as well'), 1);
    await window.screenshot('desktop-after-kill');
  });

  test('are there after the console was closed in order', async () => {
    await untilTitlesAreShown();
    const [edited] = await pickNodes(1);
    const redis = await redisBelow(await consoleOf(dataDir));
    process.kill(redis, 'SIGSTOP');
    try {
      await renameOnScreen(edited.id, 'Kept through closing');
      await untilKept('Kept through closing');
    } finally {
      // The console waits for its Redis to end.
      setTimeout(() => process.kill(redis, 'SIGCONT'), 2_000).unref();
    }
    await quit();
    await start();
    await untilTitlesAreShown();
    const node = await nodeOf(dataDir);
    await waitFor(
      'the name to land',
      async () => (await node.nodes()).get(edited.id).title === 'Kept through closing',
    );
    await waitFor('the window to agree', async () => /saved/i.test(await status()));
    assert.equal(await node.timesRenamed(edited.id, 'Kept through closing'), 1);
  });
});
