// The history panel: who changed what in the open graph, and the way back to an earlier version.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { namelessControls, overflow, untilStill, weakText } from '../support/inspect.mjs';
import { Node } from '../support/node.mjs';
import { waitFor, waitForValue } from '../support/wait.mjs';
import { Writer } from '../support/writers.mjs';

describe('the history panel', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let bob;
  let ada;
  let graphId;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
    bob = await Writer.join(node, 'bob');
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    graphId = await node.newGraph('Shop');
    for (const [index, id] of ['orders', 'mail'].entries()) {
      const position = { x: 260 * index, y: 0 };
      await bob.send(graphId, 'CREATE_NODE', { id, title: `The ${id}`, position });
    }
    ada = await Person.arrive(browser);
    await ada.openGraph(node, graphId);
    await ada.page.getByTestId('history-button').waitFor();
    await ada.canvas.key('h');
    await panel().waitFor();
  });

  afterEach(() => ada.leave());

  const panel = () => ada.page.getByTestId('history-panel');
  const line = (version) => panel().getByTestId(`history-${version}`);
  const rename = (id, title) => bob.send(graphId, 'UPDATE_NODE', { id, patch: { title } });
  const version = async () => (await node.stored(graphId)).version;

  test('tells who did what, as it happens, and how it was before', async () => {
    await line(2).getByText('added “The mail”').waitFor();
    await ada.canvas.rename('mail', 'The post');
    await line(3).getByText('renamed “The mail” → “The post”').waitFor();
    const names = await panel().locator('.history-group .person-name').allInnerTexts();
    assert.deepEqual(names, ['local', 'bob']);
    await line(3).click();
    const change = panel().locator('.history-effects');
    assert.equal(await change.locator('del').innerText(), 'mail');
    assert.equal(await change.locator('ins').innerText(), 'post');

    await ada.canvas.drag('orders', { x: 0, y: 160 });
    await ada.canvas.untilSaved();
    // An open entry stays where it is; news waits.
    await panel().getByRole('button', { name: /^\d+ new$/ }).click();
    await panel().getByText('moved “The orders”').first().waitFor();
    const moves = await panel().getByText('moved “The orders”').count();
    assert.equal(moves, 1, 'one drag is one line');

    await ada.canvas.key('Escape');
    await change.getByRole('button', { name: 'The post', exact: true }).click();
    await waitForValue('what is selected', async () => (await ada.canvas.selected()).join(), 'mail');
    await ada.canvas.key('h');
    assert.equal(await panel().count(), 0);
  });

  test('marks what was taken back', async () => {
    await ada.canvas.rename('mail', 'The post');
    await line(3).waitFor();
    await ada.canvas.key('Control+z');
    await ada.canvas.untilTitle('mail', 'The mail');
    await line(4).getByText('undid version 3: renamed “The post” → “The mail”').waitFor();
    await line(3).getByText('undone').waitFor();
  });

  test('narrows to one person and to one node', async () => {
    await ada.canvas.rename('mail', 'The post');
    await line(3).waitFor();
    await panel().getByLabel('Whose changes').first().click();
    await ada.page.getByRole('option', { name: 'bob' }).click();
    await line(3).waitFor({ state: 'detached' });
    await line(1).waitFor();
    await panel().getByLabel('Whose changes').first().click();
    await ada.page.getByRole('option', { name: 'bob' }).click();
    await line(3).waitFor();
    await ada.canvas.node('orders').click();
    await panel().getByRole('button', { name: 'Selected node' }).click();
    await line(3).waitFor({ state: 'detached' });
    await line(1).waitFor();
    assert.equal(await line(2).count(), 0);
  });

  test('restores a version as a new one', async () => {
    await rename('mail', 'Spoilt');
    await bob.send(graphId, 'DELETE_NODE', { id: 'orders' });
    await line(2).click();
    await panel().getByRole('button', { name: 'Restore version 2…' }).click();
    const dialog = ada.page.getByRole('dialog');
    await dialog.getByText(/What 2 later changes did is taken back/).waitFor();
    assert.equal(await version(), 4, 'nothing is done before it is confirmed');
    await dialog.getByRole('button', { name: 'Restore version 2' }).click();
    await dialog.waitFor({ state: 'detached' });
    await ada.canvas.untilTitle('mail', 'The mail');
    await ada.canvas.node('orders').waitFor();
    assert.equal(await version(), 5);
    await node.verify(graphId);
  });

  test('goes back to the beginning, piece by piece', async () => {
    await line(2).waitFor();
    for (let count = 1; count <= 130; count += 1) await rename('mail', `Title ${count}`);
    await line(132).waitFor();
    const scroll = panel().locator('.history-scroll');
    await waitFor('the beginning', async () => {
      await scroll.evaluate((box) => box.scrollTo({ top: box.scrollHeight }));
      return panel().getByText('The beginning: 132 versions in all.').isVisible();
    });
    await line(1).waitFor();
    const before = await line(1).boundingBox();
    await rename('mail', 'News');
    await panel().getByRole('button', { name: '1 new', exact: true }).waitFor();
    assert.deepEqual(await line(1).boundingBox(), before, 'nothing moves under the reader');
    await panel().getByRole('button', { name: '1 new', exact: true }).click();
    await line(133).waitFor();
    assert.equal(await scroll.evaluate((box) => box.scrollTop), 0);
  });

  for (const theme of ['light', 'dark']) {
    test(`is fit to be seen, ${theme}`, async () => {
      await ada.leave();
      ada = await Person.arrive(browser, { colorScheme: theme });
      await ada.openGraph(node, graphId);
      await rename('mail', 'The post of the shop');
      await ada.canvas.key('h');
      await line(3).click();
      await isFit(`history-${theme}`);
      await panel().getByRole('button', { name: 'The post of the shop', exact: true }).waitFor();
      await line(1).click();
      await panel().getByRole('button', { name: 'Restore version 1…' }).click();
      await ada.page.getByRole('dialog').waitFor();
      await isFit(`history-restore-${theme}`);
    });
  }

  async function isFit(name) {
    await untilStill(ada.page);
    await ada.screenshot(name);
    assert.deepEqual(await namelessControls(ada.page), [], 'controls without a name');
    assert.deepEqual(await weakText(ada.page), [], 'text that is hard to read');
    assert.ok((await overflow(ada.page)) <= 0, 'the page fits the window');
  }
});
