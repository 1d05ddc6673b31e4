// A graph's settings: its name, what happens to conflicts, and who may do what.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { namelessControls, overflow, untilStill, weakText } from '../support/inspect.mjs';
import { Node } from '../support/node.mjs';
import { waitFor, waitForValue } from '../support/wait.mjs';
import { meet, Writer } from '../support/writers.mjs';

describe('the settings of a graph', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let bob;
  let eve;
  let owner;
  let graphId;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
    bob = await Writer.join(node, 'bob');
    eve = await Writer.join(node, 'eve');
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    graphId = await node.newGraph('Shop');
    await bob.send(graphId, 'CREATE_NODE', { id: 'orders', title: 'The orders' });
    owner = await Person.arrive(browser);
    await owner.openGraph(node, graphId);
    await owner.page.getByTestId('graph-settings-button').click();
    await settings().waitFor();
  });

  afterEach(() => owner.leave());

  const settings = (person = owner) => person.page.getByTestId('graph-settings');
  const stored = () => node.console('graph.settings', { graphId });
  const choose = async (label, option) => {
    await settings().getByRole('combobox', { name: label, exact: true }).click();
    await owner.page.getByRole('option', { name: option, exact: true }).click();
  };
  const untilGrant = (userId, role) =>
    waitForValue(
      `the role of ${userId}`,
      async () => (await stored()).settings.grants[userId],
      role,
    );

  test('give it a name, for everybody', async () => {
    await settings().getByLabel('Name of the graph').fill('The big shop');
    await settings().getByRole('button', { name: 'Rename' }).click();
    await waitForValue('its name', async () => (await stored()).graph.name, 'The big shop');
    await owner.page.keyboard.press('Escape');
    await owner.page.getByTestId('graph-picker').getByText('The big shop').waitFor();
  });

  test('decide what becomes of conflicts', async () => {
    await choose('Strategy for kind', 'A person decides');
    await waitFor('the policy', async () => (await stored()).settings.policy.kind === 'MANUAL');
    const manual = await meet(node, graphId, [bob, eve], 'orders', 'kind', ['a', 'b']);
    assert.equal(manual.status, 'conflict', JSON.stringify(manual));
    await settings().getByRole('button', { name: 'Reset kind to the default' }).click();
    await waitFor('the default', async () => !('kind' in (await stored()).settings.policy));
    const later = await meet(node, graphId, [bob, eve], 'orders', 'kind', ['c', 'd']);
    assert.equal(later.status, 'applied', JSON.stringify(later));

    await settings().getByLabel('Key of data').fill('price');
    await choose('Strategy for the new key', 'Stored value wins');
    await settings().getByRole('button', { name: 'Add a key' }).click();
    await settings().getByRole('button', { name: 'Reset data.price to the default' }).waitFor();
    await meet(node, graphId, [bob, eve], 'orders', 'data.price', [1, 2]);
    assert.equal((await node.stored(graphId)).nodes.get('orders').data.price, 2);
  });

  test('say who may do what; open windows obey at once', async () => {
    const guest = await Person.arrive(browser);
    await guest.openGraphAs(node, bob.token, graphId);
    await choose('Role of everyone else', 'view');
    await guest.page.getByText(/^Read only\. This graph is shared/).waitFor();
    await settings().getByLabel('User id').fill('bob');
    await settings().getByRole('button', { name: 'Add a person' }).click();
    await untilGrant('bob', 'edit');
    await guest.page.getByText(/^Read only/).waitFor({ state: 'detached' });

    await guest.page.getByTestId('graph-settings-button').click();
    await settings(guest).getByText(/your role in this graph is edit/).waitFor();
    assert.equal(await settings(guest).getByRole('button', { name: 'Rename' }).count(), 0);
    await guest.page.keyboard.press('Escape');

    await settings().getByRole('button', { name: 'Remove the role of bob' }).click();
    await owner.page.getByText('bob has the role of everyone else: view.').waitFor();
    await owner.page.getByRole('button', { name: 'Remove', exact: true }).click();
    await untilGrant('bob', undefined);
    await guest.page.getByText(/^Read only\. This graph is shared/).waitFor();

    await choose('Role of everyone else', 'none');
    await owner.page.getByRole('button', { name: 'Lock out' }).click();
    await untilGrant('*', 'none');
    await guest.page.getByText('This graph is not shared with you').waitFor();
    await guest.leave();
  });

  test('show what somebody else changes', async () => {
    const payload = { userId: 'eve', role: 'comment' };
    await node.console('commands.send', { graphId, type: 'UPDATE_PERMISSIONS', payload });
    await settings().getByTestId('grant-eve').waitFor();
    await settings().getByLabel('User id').fill('eve');
    await settings().getByText('This person has a role already').waitFor();
  });

  for (const theme of ['light', 'dark']) {
    test(`are fit to be seen, ${theme}`, async () => {
      const payload = { userId: 'eve', role: 'comment' };
      await node.console('commands.send', { graphId, type: 'UPDATE_PERMISSIONS', payload });
      await owner.leave();
      owner = await Person.arrive(browser, { colorScheme: theme });
      await owner.openGraph(node, graphId);
      await owner.canvas.key('Control+,');
      await settings().getByTestId('grant-eve').waitFor();
      await untilStill(owner.page);
      await owner.screenshot(`graph-settings-${theme}`);
      assert.deepEqual(await namelessControls(owner.page), [], 'controls without a name');
      assert.deepEqual(await weakText(owner.page), [], 'text that is hard to read');
      assert.ok((await overflow(owner.page)) <= 0, 'the page fits the window');
    });
  }
});
