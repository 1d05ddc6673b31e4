// Undo takes back one's own work and nobody else's; what others changed since stays and is named.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { Node } from '../support/node.mjs';
import { waitFor } from '../support/wait.mjs';

describe('undo and redo', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let graphId;
  let tokens;
  let ada;
  let bob;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
    tokens = { ada: await node.tokenFor('Ada'), bob: await node.tokenFor('Bob') };
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    graphId = await node.newGraph('Undo');
    for (const id of ['a', 'b']) {
      const position = { x: id === 'a' ? 0 : 260, y: 0 };
      await node.command(graphId, 'CREATE_NODE', { id, title: id, position });
    }
    await node.command(graphId, 'CREATE_EDGE', { id: 'ab', source: 'a', target: 'b' });
    ada = await Person.arrive(browser);
    bob = await Person.arrive(browser);
    await ada.openGraphAs(node, tokens.ada, graphId);
    await bob.openGraphAs(node, tokens.bob, graphId);
    await ada.canvas.untilCounts({ nodes: 2, edges: 1 });
    await bob.canvas.untilCounts({ nodes: 2, edges: 1 });
  });

  afterEach(async () => {
    await ada.leave();
    await bob.leave();
  });

  test('takes back only one’s own work, and brings it back', async () => {
    await ada.canvas.rename('a', 'by Ada');
    await ada.canvas.untilSaved();
    await bob.canvas.untilTitle('a', 'by Ada');
    await bob.canvas.rename('b', 'by Bob');
    await bob.canvas.untilSaved();
    await ada.canvas.untilTitle('b', 'by Bob');

    await ada.canvas.key('Control+z');
    await ada.canvas.untilTitle('a', 'a');
    await bob.canvas.untilTitle('a', 'a');
    assert.equal(await bob.canvas.title('b'), 'by Bob', 'the later work of another stays');

    await ada.canvas.key('Control+Shift+z');
    await bob.canvas.untilTitle('a', 'by Ada');
    await ada.page.getByRole('button', { name: /^Undo/ }).click();
    await bob.canvas.untilTitle('a', 'a');
    await ada.canvas.key('Control+y');
    await bob.canvas.untilTitle('a', 'by Ada');
    await ada.canvas.untilSaved();
    await node.verify(graphId);
  });

  test('leaves what somebody else has changed since, and says so', async () => {
    await ada.canvas.rename('a', 'by Ada');
    await bob.canvas.untilTitle('a', 'by Ada');
    await bob.canvas.rename('a', 'by Bob');
    await ada.canvas.untilTitle('a', 'by Bob');
    await ada.canvas.key('Control+z');
    await waitFor('the toast that names what was left', async () =>
      (await ada.toasts()).some(
        (text) => /1 field was left: title of “by Bob”/.test(text) && /somebody else/.test(text),
      ),
    );
    await ada.screenshot('undo-skipped');
    await ada.canvas.untilSaved();
    assert.equal((await node.stored(graphId)).nodes.get('a').title, 'by Bob');
  });

  test('takes a drag back as a whole, and a deletion with its edges', async () => {
    const start = await ada.canvas.place('a');
    await ada.canvas.drag('a', { x: 120, y: 160 });
    await ada.canvas.untilSaved();
    const moved = await ada.canvas.place('a');
    assert.ok(Math.hypot(moved.x - start.x, moved.y - start.y) > 100);
    await ada.canvas.key('Control+z');
    await ada.canvas.untilPlace('a', start);
    await bob.canvas.untilPlace('a', start);
    await ada.canvas.key('Control+Shift+z');
    await bob.canvas.untilPlace('a', moved);

    await ada.canvas.node('a').click();
    await ada.canvas.key('Delete');
    await bob.canvas.untilCounts({ nodes: 1, edges: 0 });
    await ada.canvas.key('Control+z');
    await ada.canvas.untilCounts({ nodes: 2, edges: 1 });
    await bob.canvas.untilCounts({ nodes: 2, edges: 1 });
    await bob.canvas.untilPlace('a', moved);
    await ada.canvas.untilSaved();
    await node.verify(graphId);
  });

  test('has nothing to offer to somebody who has done nothing', async () => {
    await bob.canvas.key('Control+z');
    await waitFor('the word that nothing is left', async () =>
      (await bob.toasts()).some((text) => text.includes('Nothing to undo')),
    );
    await waitFor('the button to rest', () =>
      bob.page.getByRole('button', { name: /^Undo/ }).isDisabled(),
    );
    await bob.canvas.untilSaved();
    assert.equal(await bob.canvas.title('a'), 'a');
  });
});
