// What somebody may do in a graph changes while they have it open.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { namelessControls, weakText } from '../support/inspect.mjs';
import { Node } from '../support/node.mjs';
import { waitFor } from '../support/wait.mjs';

describe('access to an open graph', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let graphId;
  let token;
  let bob;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
    token = await node.tokenFor('Bob');
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    graphId = await node.newGraph('Shared');
    await node.command(graphId, 'CREATE_NODE', { id: 'a', title: 'a' });
    bob = await Person.arrive(browser);
    await bob.openGraphAs(node, token, graphId);
    await bob.canvas.untilTitle('a', 'a');
  });

  afterEach(() => bob.leave());

  const share = (role) => node.command(graphId, 'UPDATE_PERMISSIONS', { userId: 'Bob', role });

  test('turns into a look only, and back', async () => {
    await share('view');
    const reason = bob.page.getByText('This graph is shared with you for viewing.');
    await reason.waitFor();
    assert.ok(await bob.page.getByRole('button', { name: /^Add a node/ }).isDisabled());
    assert.ok(await bob.page.getByRole('button', { name: /^Undo/ }).isDisabled());
    await bob.canvas.node('a').locator('.entity-title').dblclick();
    assert.equal(await bob.page.getByRole('textbox', { name: 'Title' }).count(), 0);
    const before = await bob.canvas.place('a');
    await bob.canvas.drag('a', { x: 80, y: 80 });
    assert.equal((await node.stored(graphId)).nodes.get('a').position.x, before.x);
    await bob.screenshot('access-view');
    assert.deepEqual(await namelessControls(bob.page), []);
    assert.deepEqual(await weakText(bob.page), []);

    await share('edit');
    await reason.waitFor({ state: 'detached' });
    await bob.canvas.rename('a', 'by Bob');
    await bob.canvas.untilSaved();
    assert.equal((await node.stored(graphId)).nodes.get('a').title, 'by Bob');
  });

  test('ends with a clear page', async () => {
    await share('none');
    await bob.page.getByText('This graph is not shared with you').waitFor();
    assert.equal(await bob.canvas.node('a').count(), 0, 'nothing of it is on the screen');
    await bob.screenshot('access-none');
    assert.deepEqual(await weakText(bob.page), []);
    await bob.page.reload();
    await waitFor('the same after a reload', () =>
      bob.page.getByText('This graph is not shared with you').isVisible(),
    );
  });
});
