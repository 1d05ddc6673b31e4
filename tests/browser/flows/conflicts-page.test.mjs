// The Conflicts page: people meet over HTTP, somebody settles it in the browser.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { namelessControls, overflow, untilStill, weakText } from '../support/inspect.mjs';
import { Node } from '../support/node.mjs';
import { waitFor, waitForValue } from '../support/wait.mjs';
import { meet, Writer } from '../support/writers.mjs';

const NARROW = { width: 1000, height: 700 };

describe('the conflicts page', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let writers;
  let shop;
  let plan;
  let judge;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
    writers = [await Writer.join(node, 'bob'), await Writer.join(node, 'ada')];
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    for (const { graphId } of await node.graphs()) await node.console('graphs.delete', { graphId });
    shop = await graph('Shop', ['orders', 'mail', 'search']);
    plan = await graph('Plan', ['first', 'second']);
    judge = await Person.arrive(browser);
  });

  afterEach(() => judge.leave());

  async function graph(name, ids) {
    const graphId = await node.newGraph(name);
    for (const [index, id] of ids.entries()) {
      const position = { x: 260 * index, y: 60 * index };
      await writers[0].send(graphId, 'CREATE_NODE', { id, title: `The ${id}`, position });
    }
    return graphId;
  }

  const clash = async (graphId, id, field, values) => {
    const outcome = await meet(node, graphId, writers, id, field, values);
    assert.equal(outcome.status, 'conflict', JSON.stringify(outcome));
  };
  const titlesClash = (graphId, id) =>
    clash(graphId, id, 'title', [`The best ${id}`, `The worst ${id}`]);
  const row = (id, field = 'title') => judge.page.getByTestId(`conflict-${id}-${field}`);
  const detail = () => judge.page.getByTestId('conflict-detail');
  const untilDetail = (id) =>
    waitFor(`the details of ${id}`, async () => (await detail().innerText()).includes(id));
  const open = () => node.console('conflicts.list').then((page) => page.open);
  const untilOpen = (count) => waitForValue('the open conflicts', open, count);
  const title = async (graphId, id) => (await node.stored(graphId)).nodes.get(id).title;

  test('shows both changes of the base, and settles by key', async () => {
    await titlesClash(shop, 'orders');
    await titlesClash(shop, 'mail');
    await judge.signIn(node, 'conflicts');
    await row('mail').waitFor();
    await untilDetail('mail');
    const side = (name) => detail().getByRole('region', { name });
    assert.equal(await side('Base: before both').locator('.value-text').innerText(), 'The mail');
    assert.equal(await side('Mine: wanted by ada').locator('ins').innerText(), 'best ');
    assert.equal(await side(/^Theirs/).locator('ins').innerText(), 'worst ');
    assert.equal(await judge.page.getByTestId('open-conflicts').innerText(), '2');

    await judge.page.keyboard.press('m');
    await untilOpen(1);
    assert.equal(await title(shop, 'mail'), 'The best mail');
    await untilDetail('orders');
    await row('mail').waitFor({ state: 'detached' });
    await judge.page.keyboard.press('t');
    await judge.page.getByText('Nothing to settle').waitFor();
    assert.equal(await title(shop, 'orders'), 'The worst orders');
    await judge.page.getByTestId('open-conflicts').waitFor({ state: 'detached' });
    await node.verify(shop);
  });

  test('takes a value of one’s own in the form of the field', async () => {
    const set = { policy: { 'data.stock': 'MANUAL' } };
    await node.console('commands.send', { graphId: shop, type: 'UPDATE_GRAPH', payload: set });
    await clash(shop, 'orders', 'data.stock', [5, 7]);
    await judge.signIn(node, 'conflicts');
    await row('orders', 'data.stock').waitFor();
    await judge.page.keyboard.press('e');
    const form = judge.page.getByRole('form', { name: 'Edit the value' });
    await form.getByText('JSON', { exact: true }).click();
    await form.getByLabel('Value', { exact: true }).fill('{"a": ');
    await form.getByText(/^Not JSON/).waitFor();
    const save = form.getByRole('button', { name: 'Write this value' });
    assert.equal(await save.isDisabled(), true);
    await form.getByLabel('Value', { exact: true }).fill('{"least": 5, "most": 7}');
    await save.click();
    await untilOpen(0);
    const { nodes } = await node.stored(shop);
    assert.deepEqual(nodes.get('orders').data.stock, { least: 5, most: 7 });
  });

  test('takes a field away', async () => {
    const set = { policy: { 'data.stock': 'MANUAL' } };
    await node.console('commands.send', { graphId: shop, type: 'UPDATE_GRAPH', payload: set });
    await clash(shop, 'orders', 'data.stock', [5, 7]);
    await judge.signIn(node, 'conflicts');
    await row('orders', 'data.stock').waitFor();
    await judge.page.keyboard.press('e');
    await judge.page.getByLabel('Take the field away').check();
    await judge.page.getByRole('button', { name: 'Write this value' }).click();
    await untilOpen(0);
    assert.equal('stock' in (await node.stored(shop)).nodes.get('orders').data, false);
  });

  test('settles many at once, and says how each ended', async () => {
    for (const id of ['orders', 'mail', 'search']) await titlesClash(shop, id);
    await titlesClash(plan, 'first');
    await judge.signIn(node, 'conflicts');
    await row('first').waitFor();
    await judge.page.getByLabel('Tick all open conflicts of the list').check();
    await judge.page.getByRole('button', { name: 'All mine…' }).click();
    const dialog = judge.page.getByRole('dialog');
    await dialog.getByText('Writes “mine” to 4 fields in 2 graphs.').waitFor();
    assert.equal(await open(), 4, 'nothing is done before it is confirmed');
    // Somebody is faster with one of them.
    const { conflicts } = await node.console('conflicts.list', { graphId: plan });
    const conflictIds = conflicts.map(({ record }) => record.conflictId);
    await node.console('conflicts.resolve', { graphId: plan, conflictIds, choice: 'theirs' });
    await dialog.getByRole('button', { name: 'Choose mine for all 4' }).click();
    await dialog.getByText('3 of 4 settled, 1 not').waitFor();
    await dialog.getByText(/there is no open conflict.*not_found/).waitFor();
    assert.equal(await title(shop, 'search'), 'The best search');
    assert.equal(await title(plan, 'first'), 'The worst first');
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await judge.page.getByText('Nothing to settle').waitFor();
  });

  test('keeps what policies settled, counts it, and narrows', async () => {
    await titlesClash(shop, 'orders');
    const later = await meet(node, shop, writers, 'mail', 'kind', ['late', 'early']);
    assert.equal(later.status, 'applied');
    await judge.signIn(node, 'conflicts');
    await row('orders').waitFor();
    assert.equal(await row('mail', 'kind').count(), 0, 'a policy leaves nothing open');
    await judge.page.getByText('All', { exact: true }).click();
    await row('mail', 'kind').click();
    await detail().getByText(/Last write wins/).first().waitFor();
    await detail().getByText('The late change was kept.').waitFor();
    const figure = (label) => judge.page.locator('.legend li', { hasText: label }).locator('strong');
    await waitForValue('manual ones', () => figure('A person decides').innerText(), /^[1-9]/);
    await waitForValue('automatic ones', () => figure('Last write wins').innerText(), /^[1-9]/);
    await judge.page.getByLabel('Field', { exact: true }).first().click();
    await judge.page.getByRole('option', { name: 'kind', exact: true }).click();
    await row('orders').waitFor({ state: 'detached' });
    await row('mail', 'kind').waitFor();
    await judge.page.getByRole('button', { name: 'Clear', exact: true }).click();
    await judge.page.getByLabel('Search entities and values').fill('worst');
    await row('mail', 'kind').waitFor({ state: 'detached' });
    await row('orders').waitFor();
  });

  test('does not move what somebody reads', async () => {
    const ids = Array.from({ length: 14 }, (_, index) => `n${index}`);
    const crowd = await graph('Crowd', ids);
    for (const id of ids) await titlesClash(crowd, id);
    await judge.signIn(node, 'conflicts');
    await row('n13').waitFor();
    const list = judge.page.getByRole('listbox', { name: 'Conflicts' });
    await list.evaluate((box) => box.scrollTo({ top: 162 }));
    await row('n9').click();
    const before = await row('n9').boundingBox();
    await titlesClash(shop, 'orders');
    await judge.page.getByText('15 conflicts listed').waitFor();
    assert.deepEqual(await row('n9').boundingBox(), before);
    await untilDetail('n9');
    // Somebody else settles the very one.
    const { conflicts } = await node.console('conflicts.list', { graphId: crowd });
    const { record } = conflicts.find((one) => one.record.entityId === 'n9');
    const settle = { graphId: crowd, conflictIds: [record.conflictId], choice: 'mine' };
    await node.console('conflicts.resolve', settle);
    await detail().getByText(/This conflict has left the list/).waitFor();
    await untilDetail('n9');
  });

  test('leads to the node on its graph', async () => {
    await titlesClash(shop, 'search');
    await judge.signIn(node, 'conflicts');
    await detail().getByText('Show on graph').click();
    await waitForValue('what is selected', async () => (await judge.canvas.selected()).join(), 'search');
    const box = await judge.canvas.node('search').boundingBox();
    assert.ok(box.x > 0 && box.y > 0 && box.x < 1440, 'the node is in view');
  });

  for (const theme of ['light', 'dark']) {
    test(`is fit to be seen, ${theme}`, async () => {
      await judge.leave();
      judge = await Person.arrive(browser, { colorScheme: theme });
      await judge.signIn(node, 'conflicts');
      await judge.page.getByText('Nothing to settle').waitFor();
      await isFit(`conflicts-empty-${theme}`);
      for (const id of ['orders', 'mail', 'search']) await titlesClash(shop, id);
      await titlesClash(plan, 'second');
      await meet(node, shop, writers, 'mail', 'kind', ['late', 'early']);
      await row('second').waitFor();
      await isFit(`conflicts-${theme}`);
      await judge.page.keyboard.press('e');
      await judge.page.getByRole('form', { name: 'Edit the value' }).waitFor();
      await isFit(`conflicts-edit-${theme}`);
      await judge.page.keyboard.press('Escape');
      await judge.page.getByLabel('Tick all open conflicts of the list').check();
      await judge.page.getByRole('button', { name: 'All theirs…' }).click();
      await judge.page.getByRole('dialog').waitFor();
      await isFit(`conflicts-many-${theme}`);
      await judge.page.keyboard.press('Escape');
      await judge.page.getByRole('dialog').waitFor({ state: 'detached' });
      await judge.page.setViewportSize(NARROW);
      await isFit(`conflicts-narrow-${theme}`);
    });
  }

  async function isFit(name) {
    await untilStill(judge.page);
    await judge.screenshot(name);
    assert.deepEqual(await namelessControls(judge.page), [], 'controls without a name');
    assert.deepEqual(await weakText(judge.page), [], 'text that is hard to read');
    assert.ok((await overflow(judge.page)) <= 0, 'the page fits the window');
  }
});
