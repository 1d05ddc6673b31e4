// Who is in the graph, where they point, what they hold and where they look.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { namelessControls, weakText } from '../support/inspect.mjs';
import { Node } from '../support/node.mjs';
import { waitFor, waitForValue } from '../support/wait.mjs';

describe('presence', { timeout: 300_000 }, () => {
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
    graphId = await node.newGraph('Together');
    await node.command(graphId, 'CREATE_NODE', { id: 'a', title: 'a', position: { x: 0, y: 0 } });
    await node.command(graphId, 'CREATE_NODE', { id: 'b', title: 'b', position: { x: 300, y: 90 } });
    ada = await Person.arrive(browser);
    bob = await Person.arrive(browser, { viewport: { width: 1100, height: 760 } });
    await ada.openGraphAs(node, tokens.ada, graphId);
    await bob.openGraphAs(node, tokens.bob, graphId);
  });

  afterEach(async () => {
    await ada.leave();
    await bob.leave();
  });

  const avatars = ({ page }) =>
    page
      .getByTestId('peer-avatars')
      .locator('.peer-avatar')
      .evaluateAll((all) => all.map(({ dataset }) => `${dataset.name} ${dataset.state}`));

  const viewport = ({ page }) =>
    page.locator('.react-flow__viewport').evaluate((element) => {
      const { m11, m41, m42 } = new DOMMatrixReadOnly(getComputedStyle(element).transform);
      return { x: m41, y: m42, zoom: m11 };
    });

  test('people see each other come, point, choose and leave', async () => {
    await waitForValue('who Ada sees', async () => (await avatars(ada)).join(), 'Bob here');
    await waitForValue('who Bob sees', async () => (await avatars(bob)).join(), 'Ada here');

    // Where he points in his window is where she sees him point in hers.
    const target = await bob.canvas.middle('b');
    await bob.page.mouse.move(target.x - 30, target.y - 30);
    await bob.page.mouse.move(target.x, target.y, { steps: 6 });
    const cursor = ada.page.locator('.peer-cursor');
    await cursor.waitFor({ state: 'attached' });
    assert.equal(await cursor.getAttribute('data-name'), 'Bob');
    const seen = await ada.canvas.middle('b');
    await waitFor('his cursor to be on the node', async () => {
      const box = await cursor.boundingBox();
      return box && Math.hypot(box.x - seen.x, box.y - seen.y) < 6;
    });

    await bob.canvas.node('b').click();
    const ring = ada.page.getByTestId('peer-ring-b');
    await ring.waitFor({ state: 'attached' });
    const untilRingIsOnNode = () =>
      waitFor('the ring to be on the node', async () => {
        const [one, other] = [await ring.boundingBox(), await ada.canvas.node('b').boundingBox()];
        return one && other && Math.hypot(one.x - other.x, one.y - other.y) < 2;
      });
    await untilRingIsOnNode();
    await ada.screenshot('presence-dark');
    await ada.page.emulateMedia({ colorScheme: 'light' });
    await ada.screenshot('presence-light');
    assert.deepEqual(await namelessControls(ada.page), []);
    assert.deepEqual(await weakText(ada.page), []);

    // The ring goes along when she moves the node herself.
    await ada.canvas.drag('b', { x: -60, y: 120 });
    await untilRingIsOnNode();

    await bob.page.close();
    // Each goes in a frame of its own, and none stays.
    await ada.page.getByTestId('peer-avatars').waitFor({ state: 'detached' });
    await cursor.waitFor({ state: 'detached' });
    await ring.waitFor({ state: 'detached' });
  });

  test('one follows another’s view until Escape or an own move', async () => {
    const avatar = ada.page.getByRole('button', { name: /^Follow Bob/ });
    await avatar.waitFor();
    await avatar.click();
    await ada.page.getByTestId('follow-frame').waitFor();
    await ada.screenshot('following');
    const pan = async ({ page }, by) => {
      const { width, height } = page.viewportSize();
      await page.mouse.move(width / 2, height - 180);
      await page.mouse.down();
      await page.mouse.move(width / 2 + by.x, height - 180 + by.y, { steps: 8 });
      await page.mouse.up();
    };
    const untilSameView = () =>
      waitFor('her view to be his', async () => {
        const [hers, his] = [await viewport(ada), await viewport(bob)];
        return Math.hypot(hers.x - his.x, hers.y - his.y) < 1.5 && hers.zoom === his.zoom;
      });
    await untilSameView();
    await pan(bob, { x: 140, y: -60 });
    await untilSameView();

    await ada.page.keyboard.press('Escape');
    await ada.page.getByTestId('follow-frame').waitFor({ state: 'detached' });
    const left = await viewport(ada);
    await pan(bob, { x: -90, y: 40 });
    await bob.canvas.untilSaved();
    assert.deepEqual(await viewport(ada), left, 'her view is her own again');

    await avatar.click();
    await untilSameView();
    await pan(ada, { x: 50, y: 50 });
    await ada.page.getByTestId('follow-frame').waitFor({ state: 'detached' });
  });

  test('a lost connection shows as away, and a return as here', async () => {
    await waitForValue('who Ada sees', async () => (await avatars(ada)).join(), 'Bob here');
    await bob.context.setOffline(true);
    await bob.canvas.untilStatus(/^offline/);
    // Where no goodbye comes through, the server learns of it by a pong that is missing: 33 s.
    const gone = async () => (await avatars(ada)).join() !== 'Bob here';
    await waitFor('Bob to be away or gone', gone, 60_000);
    await ada.page.locator('.peer-cursor').waitFor({ state: 'detached' });
    await bob.context.setOffline(false);
    await waitForValue('who Ada sees', async () => (await avatars(ada)).join(), 'Bob here');
  });
});
