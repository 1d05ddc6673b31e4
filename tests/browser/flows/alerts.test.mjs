// The Alerts page on a real server: rules that fire and end, what people say to them, and where
// they are told.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { namelessControls, overflow, untilStill, weakText } from '../support/inspect.mjs';
import { Node } from '../support/node.mjs';
import { waitFor, waitForValue } from '../support/wait.mjs';

const NARROW = { width: 1000, height: 700 };
/** Fires as soon as it is watched: a process takes more than a byte. */
const ALWAYS = {
  ruleId: 'always',
  title: 'Takes memory',
  series: 'process_memory_bytes',
  comparison: 'above',
  limit: 1,
  forSeconds: 0,
  severity: 'warning',
  onNoData: 'hold',
  enabled: true,
  note: 'For this flow only.',
};

describe('the alerts page', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let ada;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
    await quiet();
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    ada = await Person.arrive(browser);
  });

  afterEach(async () => {
    await ada.leave();
    for (const { rule, builtIn } of (await alerts()).rules) {
      if (!builtIn) await node.console('alerts.remove', { ruleId: rule.ruleId });
    }
  });

  /** The rules that Graphy brings may fire on a machine that is busy with tests. */
  async function quiet() {
    for (const { rule } of (await alerts()).rules) {
      await node.console('alerts.save', { ...rule, enabled: false });
    }
  }

  const alerts = () => node.console('alerts.list');
  const statusOf = async (ruleId) =>
    (await alerts()).rules.find(({ rule }) => rule.ruleId === ruleId);
  const row = (ruleId) => ada.page.getByTestId(`rule-${ruleId}`);
  const firing = (ruleId) => ada.page.getByTestId(`firing-${ruleId}`);
  const bell = () => ada.page.getByTestId('alert-bell');
  const toast = (text) => ada.page.locator('.mantine-Notification-root').filter({ hasText: text });

  test('a rule is written, fires, is told on every page, and ends', async () => {
    await ada.signIn(node, 'alerts');
    await ada.page.getByRole('button', { name: 'New rule' }).click();
    const form = ada.page.getByRole('form', { name: 'Alert rule' });
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('A rule needs a title').waitFor();
    await form.getByLabel('Title').fill('Takes too much');
    await form.getByPlaceholder('Choose a series').click();
    await ada.page.getByRole('option', { name: /^Process memory/ }).click();
    await form.getByLabel('Limit, in bytes').fill('1');
    await form.getByLabel('For how long, in seconds').fill('0');
    await form.getByText(/Fires when “Process memory” is above 1 B, at once/).waitFor();
    await form.getByRole('button', { name: 'Save' }).click();
    await form.waitFor({ state: 'detached' });
    await firing('takes-too-much').waitFor();
    await toast('Takes too much (warning)').waitFor();
    await waitForValue('the bell', () => bell().innerText(), '1');

    await ada.go('settings');
    await bell().click();
    await ada.page.getByTestId('bell-list').getByText('Takes too much').waitFor();
    await ada.page.getByTestId('bell-list').getByText('Rules and history').click();
    await row('takes-too-much').getByLabel('Change Takes too much').click();
    await ada.page.getByRole('menuitem', { name: 'Edit…' }).click();
    await form.getByLabel('Limit, in bytes').fill('1000000000000000');
    await form.getByRole('button', { name: 'Save' }).click();
    await firing('takes-too-much').waitFor({ state: 'detached' });
    await toast('Over: Takes too much').waitFor();
    await waitForValue('the bell', () => bell().innerText(), '');
    const history = ada.page.getByTestId('alert-history');
    await history.getByText('Takes too much').first().waitFor();
    assert.equal(await history.getByText('still firing').count(), 0);

    await row('takes-too-much').getByLabel('Change Takes too much').click();
    await ada.page.getByRole('menuitem', { name: 'Remove…' }).click();
    await ada.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await row('takes-too-much').waitFor({ state: 'detached' });
    assert.equal(await statusOf('takes-too-much'), undefined);
  });

  test('says at the field what the server will not take', async () => {
    await ada.signIn(node, 'alerts');
    await ada.page.getByRole('button', { name: 'New rule' }).click();
    const form = ada.page.getByRole('form', { name: 'Alert rule' });
    await form.getByLabel('Title').fill('Nonsense');
    await form.getByRole('button', { name: 'Write an expression' }).click();
    await form.getByLabel('What is watched: an expression on metrics').fill('rate(nothing');
    await form.getByLabel('Limit', { exact: true }).fill('1');
    await form.getByRole('button', { name: 'Save' }).click();
    const field = form.getByLabel('What is watched: an expression on metrics');
    await waitForValue('the field', () => field.getAttribute('aria-invalid'), 'true');
    assert.equal(await statusOf('nonsense'), undefined);
  });

  test('somebody looks after it, and quiets it for a while', async () => {
    await node.console('alerts.save', ALWAYS);
    await ada.signIn(node, 'alerts');
    await firing('always').getByLabel('Acknowledge Takes memory').click();
    await firing('always').getByText('looked after by').waitFor();
    assert.ok((await statusOf('always')).acknowledgedBy);
    await firing('always').getByLabel('Snooze Takes memory').click();
    await ada.page.getByRole('menuitem', { name: '4 hours' }).click();
    await firing('always').getByText(/nobody is told until/).waitFor();
    await waitForValue('the bell', () => bell().innerText(), '');
    assert.ok((await statusOf('always')).snoozedUntil > Date.now() + 3 * 3_600_000);
    await row('always').getByLabel('Watch Takes memory').click({ force: true });
    await firing('always').waitFor({ state: 'detached' });
    assert.equal((await statusOf('always')).rule.enabled, false);
  });

  test('is sent to a webhook, which is tried first', async () => {
    const taken = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (data) => {
        body += data;
      });
      request.on('end', () => {
        taken.push(JSON.parse(body));
        response.end();
      });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await ada.signIn(node, 'alerts');
      const part = ada.page.getByTestId('webhook');
      const url = `http://127.0.0.1:${server.address().port}/hook?token=secret`;
      await part.getByLabel('Address of the webhook').fill(url);
      await part.getByRole('button', { name: 'Send there' }).click();
      await part.getByRole('button', { name: 'Send a trial' }).click();
      await part.getByText('went well').waitFor();
      assert.equal(taken.length, 1);
      assert.equal((await part.innerText()).includes('secret'), false, 'the address is shown bare');
      await node.console('alerts.save', ALWAYS);
      await waitFor('the alert', () => taken.some((one) => JSON.stringify(one).includes('Takes memory')));
      await part.getByRole('button', { name: 'Remove…' }).click();
      await part.getByText(url.split('?')[0], { exact: false }).waitFor();
      await ada.page.getByRole('button', { name: 'Remove the webhook' }).click();
      await part.getByText('Nothing is sent anywhere').waitFor();
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('is marked on the charts', async () => {
    await node.console('alerts.save', ALWAYS);
    await waitFor('it to fire', async () => (await statusOf('always')).state === 'firing');
    await ada.signIn(node, 'overview');
    const card = ada.page.getByTestId('overview-process_memory_bytes');
    await card.getByText(/^\d+ alerts?$/).waitFor();
    await ada.page.getByTestId('time-range').getByText('15 min').click();
    await card.getByText(/^per /).waitFor();
    await card.getByText(/^\d+ alerts?$/).waitFor();
    await ada.screenshot('alerts-marked');
  });

  for (const theme of ['light', 'dark']) {
    test(`is fit to be seen, ${theme}`, async () => {
      await ada.leave();
      ada = await Person.arrive(browser, { colorScheme: theme });
      await ada.signIn(node, 'alerts');
      await ada.page.getByText('Nothing fires').waitFor();
      await isFit(`alerts-quiet-${theme}`);
      await node.console('alerts.save', ALWAYS);
      await firing('always').waitFor();
      await toast('Takes memory').getByLabel('Close').click();
      await isFit(`alerts-${theme}`);
      await bell().click();
      await ada.page.getByTestId('bell-list').waitFor();
      await isFit(`alerts-bell-${theme}`);
      await ada.page.keyboard.press('Escape');
      await ada.page.getByRole('button', { name: 'New rule' }).click();
      await ada.page.getByRole('form', { name: 'Alert rule' }).waitFor();
      await ada.page.getByPlaceholder('Choose a series').click();
      await ada.page.getByRole('option').first().waitFor();
      await isFit(`alerts-rule-${theme}`);
      await ada.page.keyboard.press('Escape');
      await ada.page.getByRole('button', { name: 'Cancel' }).click();
      await ada.page.setViewportSize(NARROW);
      await isFit(`alerts-narrow-${theme}`);
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
