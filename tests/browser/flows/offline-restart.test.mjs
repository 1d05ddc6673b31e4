// The tab is closed, reloaded or killed while changes are unsent: nothing is lost, all of it lands
// once and in order.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { Node } from '../support/node.mjs';
import { waitForValue } from '../support/wait.mjs';

describe('unsent changes', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let graphId;
  let token;
  let ada;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
    token = await node.tokenFor('Ada');
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    graphId = await node.newGraph('Unsent');
    ada = await Person.arrive(browser);
    await ada.openGraphAs(node, token, graphId);
  });

  afterEach(() => ada.leave());

  /** Everything of hers is in the history once, in the order in which she did it. */
  async function landedOnce(titles) {
    await waitForValue(
      'the stored titles',
      async () => {
        const { nodes } = await node.stored(graphId);
        return [...nodes.values()].map(({ title }) => title).sort().join();
      },
      titles.join(),
    );
    const answer = await node.request('GET', `/api/v2/graphs/${graphId}/changes?since=0`);
    const { changes } = JSON.parse(answer);
    const ids = changes.map(({ operationId }) => operationId);
    assert.equal(new Set(ids).size, ids.length, 'no operation is applied twice');
    // Ids are made in the order of the edits; each client's edits are applied in theirs.
    for (const client of new Set(changes.map(({ clientId }) => clientId))) {
      const own = changes.filter(({ clientId }) => clientId === client);
      const made = own.map(({ operationId }) => operationId);
      assert.deepEqual(made, [...made].sort(), 'in order');
    }
    await node.verify(graphId);
  }

  /** Until it is noticed, what she does would wait in the old socket, and not in the store. */
  async function goOffline() {
    await ada.context.setOffline(true);
    await ada.canvas.untilStatus('offline (0 unsent)');
  }

  async function workOffline() {
    const kept = await ada.canvas.add('Kept');
    await ada.canvas.untilSaved();
    await goOffline();
    await ada.canvas.rename(kept, 'Renamed offline');
    await ada.canvas.add('Made offline');
    await ada.canvas.untilStatus('offline (3 unsent)');
    return kept;
  }

  test('survive a closed tab, and show again before they are sent', async () => {
    const kept = await workOffline();
    await ada.newTab();
    await ada.context.setOffline(false);
    await ada.openGraphAs(node, token, graphId);
    await ada.canvas.untilCounts({ nodes: 2, edges: 0 });
    assert.equal(await ada.canvas.title(kept), 'Renamed offline');
    await landedOnce(['Made offline', 'Renamed offline']);
  });

  test('survive a tab that is killed', async () => {
    await workOffline();
    await ada.page.goto('chrome://crash').catch(() => undefined);
    await ada.newTab();
    await ada.context.setOffline(false);
    await ada.openGraphAs(node, token, graphId);
    await landedOnce(['Made offline', 'Renamed offline']);
  });

  test('survive a reload while the server comes back', async () => {
    const kept = await ada.canvas.add('Kept');
    await ada.canvas.untilSaved();
    await node.goAway('SIGKILL');
    await ada.canvas.rename(kept, 'Renamed offline');
    await ada.canvas.untilStatus('offline (1 unsent)');
    await node.comeBack();
    await ada.page.reload();
    await ada.canvas.untilSaved();
    assert.equal(await ada.canvas.title(kept), 'Renamed offline');
    await landedOnce(['Renamed offline']);
  });

  test('of a closed tab are sent by another tab that has the graph open', async () => {
    const first = ada.page;
    await ada.anotherTab();
    await ada.openGraphAs(node, token, graphId);
    const second = { page: ada.page, canvas: ada.canvas };
    ada.page = first;
    ada.canvas = new ada.canvas.constructor(first);
    await goOffline();
    await ada.canvas.add('From the first tab');
    await ada.canvas.untilStatus('offline (2 unsent)');
    await first.close();
    await ada.context.setOffline(false);
    Object.assign(ada, second);
    await ada.canvas.untilSaved();
    await ada.canvas.untilCounts({ nodes: 1, edges: 0 });
    await landedOnce(['From the first tab']);
  });

  test('of one user are not sent by another', async () => {
    await workOffline();
    await ada.newTab();
    await ada.context.setOffline(false);
    await ada.openGraphAs(node, await node.tokenFor('Eve'), graphId);
    await ada.canvas.untilCounts({ nodes: 1, edges: 0 });
    await ada.newTab();
    await ada.openGraphAs(node, token, graphId);
    await landedOnce(['Made offline', 'Renamed offline']);
  });
});
