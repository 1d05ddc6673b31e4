// System, Audit, Reports and the time ranges of charts, on a real server and a real Redis.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { namelessControls, overflow, untilStill, weakText } from '../support/inspect.mjs';
import { Node } from '../support/node.mjs';
import { waitFor, waitForValue } from '../support/wait.mjs';

const NARROW = { width: 1000, height: 700 };

describe('the pages to operate from', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let ada;
  let graphId;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
    graphId = await node.newGraph('Traffic');
    await node.graphy('demo', '--bots', '3', '--rate', '20', '--seconds', '2', '-g', graphId);
    await operate();
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    ada = await Person.arrive(browser);
  });

  afterEach(() => ada.leave());

  /** Something for the audit log: a rule is snoozed and woken. */
  async function operate() {
    const { rules } = await node.console('alerts.list');
    const [{ rule }] = rules;
    await node.console('alerts.snooze', { ruleId: rule.ruleId, minutes: 5 });
    await node.console('alerts.snooze', { ruleId: rule.ruleId, minutes: 0 });
    return rule.ruleId;
  }

  /** What the browser saves when `press` is pressed. */
  async function download(press) {
    const coming = ada.page.waitForEvent('download');
    await press();
    const file = await coming;
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  }

  test('Redis is told in the terms of people', async () => {
    await ada.signIn(node, 'system');
    const memory = ada.page.getByRole('region', { name: 'Memory', exact: true });
    await memory.waitFor();
    assert.match(await memory.innerText(), /\d MiB/);
    for (const section of ['Server', 'Persistence', 'Clients', 'Traffic']) {
      await ada.page.getByRole('region', { name: section, exact: true }).waitFor();
    }
    const costs = ada.page.getByRole('region', { name: 'Time by command' });
    assert.ok((await costs.getByRole('listitem').count()) > 2, 'Redis has run commands');
    const keys = ada.page.getByTestId('key-memory');
    await keys.getByText(/graph:\{/).first().waitFor();
    await ada.page.getByTestId('slow-log').waitFor();
  });

  test('each node says how it is', async () => {
    await ada.signIn(node, 'system/nodes');
    const card = ada.page.getByRole('region', { name: /^Node / });
    await card.getByText('answers here').waitFor();
    await card.getByText(/^described itself \d+ s ago$/).waitFor();
    await card.getByRole('button', { name: 'Show all' }).click();
    assert.ok((await card.locator('[data-testid^="task-"]').count()) > 3, 'tasks are listed');
    await card.getByTestId('worker-graph-commands').getByText('running').waitFor();
    const metrics = await node.metrics();
    assert.ok(metrics.get('process_resident_memory_bytes') > 0);
    assert.match(await card.locator('.process-facts').innerText(), /MiB/);
  });

  test('the log goes on, waits for who reads, and is narrowed', async () => {
    await ada.signIn(node, 'system/logs');
    const list = ada.page.getByRole('listbox', { name: 'Lines of the log' });
    await list.getByRole('option').first().waitFor();
    const state = () => ada.page.getByTestId('log-state').innerText();
    assert.equal(await state(), 'Following');
    await ada.page.getByRole('button', { name: 'Pause' }).click();
    await waitForValue('the state', state, /^Paused, \d+ new$/);
    await ada.page.getByRole('button', { name: 'Follow' }).click();
    await waitForValue('the state', state, 'Following');
    await list.getByRole('option').last().click();
    await ada.page.getByTestId('log-detail').waitFor();
    await ada.page.getByLabel('Text in the line').fill('no line of this program says so');
    await ada.page.getByText('No line matches').waitFor();
  });

  test('a diagnostics archive is shown before it is saved, and holds no token', async () => {
    await ada.signIn(node, 'system/diagnostics');
    const part = ada.page.getByTestId('diagnostics');
    assert.equal(await part.getByRole('button', { name: /^Save/ }).count(), 0);
    await part.getByRole('button', { name: 'Put it together' }).click();
    const files = part.getByRole('list', { name: 'Files of the archive' }).getByRole('button');
    await files.first().waitFor();
    assert.ok((await files.count()) > 1, 'there are several files');
    for (const file of await files.all()) {
      await file.click();
      const text = await part.getByTestId('file-content').innerText();
      assert.equal(text.includes(node.token), false, 'no file shows the token');
    }
    await part.getByText('Never part of it').waitFor();
    const { name, bytes } = await download(() =>
      part.getByRole('button', { name: /^Save/ }).click(),
    );
    assert.match(name, /diagnostic/);
    assert.ok(bytes.length > 500, `${bytes.length} bytes`);
    assert.equal(bytes.includes(node.token), false);
  });

  test('who operated what stands in the audit log', async () => {
    const ruleId = await operate();
    await ada.signIn(node, 'audit');
    await ada.page.getByLabel('Operation begins with').first().fill('alerts.');
    const entry = ada.page.getByRole('row').filter({ hasText: 'alerts.snooze' }).first();
    await entry.waitFor();
    await entry.getByText('done').waitFor();
    await entry.getByLabel(/^Details of alerts.snooze/).click();
    await ada.page.locator('.audit-detail').getByText(ruleId).waitFor();
    await ada.page.getByLabel('Operation begins with').first().fill('tokens.nothing');
    await ada.page.getByText('No entry matches').waitFor();
  });

  test('targets stand against actuals; what nobody measures is entered', async () => {
    await ada.signIn(node, 'reports');
    await ada.page.getByTestId('technical').waitFor();
    const hand = ada.page.getByTestId('business').getByRole('row').nth(1);
    await hand.getByRole('button', { name: /^Enter/ }).click();
    const form = ada.page.getByRole('form', { name: 'Enter a figure' });
    await form.getByLabel('Value').fill('4');
    await form.getByLabel('Where it comes from').fill('a survey of nobody');
    await form.getByRole('button', { name: 'Enter', exact: true }).click();
    await form.waitFor({ state: 'detached' });
    await hand.getByText(/a survey of nobody/).waitFor();
    for (const [label, ending] of [
      ['Figures (JSON)', '.json'],
      ['Page with charts (HTML)', '.html'],
      ['Charts as a picture (PNG)', '.png'],
    ]) {
      const { name, bytes } = await download(async () => {
        await ada.page.getByRole('button', { name: 'Save the report' }).click();
        await ada.page.getByRole('menuitem', { name: label }).click();
      });
      assert.ok(name.endsWith(ending), name);
      assert.ok(bytes.length > 500, `${name} has ${bytes.length} bytes`);
    }
  });

  test('charts look back, and are saved as figures and as a picture', async () => {
    await ada.signIn(node, 'overview');
    const card = ada.page.getByTestId('overview-commands_per_second');
    await card.waitFor();
    await ada.page.getByTestId('time-range').getByText('1 h', { exact: true }).click();
    await card.getByText(/^per /).waitFor();
    await ada.page.getByText(/^history is kept since/).waitFor();
    const save = async (what) => {
      await card.getByLabel('Save the chart Commands per second').click();
      await ada.page.getByRole('menuitem', { name: what }).click();
    };
    const csv = await download(() => save('Figures (CSV)'));
    assert.equal(csv.name, 'commands_per_second.csv');
    const [head, ...lines] = csv.bytes.toString().trim().split('\n');
    assert.equal(
      head,
      'start,commands_per_second_mean,commands_per_second_min,commands_per_second_max',
    );
    const most = Math.max(...lines.map((line) => Number(line.split(',')[3] ?? 0)));
    assert.ok(most > 5, `the bots made at most ${most} commands per second`);
    const png = await download(() => save('Picture (PNG)'));
    assert.equal(png.bytes.subarray(1, 4).toString(), 'PNG');
    await ada.page.getByTestId('time-range').getByText('Live').click();
    await card.getByText(/^since /).waitFor();
  });

  test('a snapshot is made and saved beside the settings of its graph', async () => {
    await ada.openGraph(node, graphId);
    await ada.page.getByTestId('graph-settings-button').click();
    await ada.page.getByRole('button', { name: 'Make one now' }).click();
    const row = ada.page.locator('[data-testid^="snapshot-"]').first();
    await row.waitFor();
    const { bytes } = await download(() => row.getByRole('button', { name: /^Save/ }).click());
    assert.ok(bytes.length > 50);
  });

  for (const theme of ['light', 'dark']) {
    test(`is fit to be seen, ${theme}`, async () => {
      await ada.leave();
      ada = await Person.arrive(browser, { colorScheme: theme });
      await ada.signIn(node, 'system');
      await ada.page.getByTestId('key-memory').getByText(/graph:\{/).first().waitFor();
      await isFit(`system-redis-${theme}`);
      await ada.go('system/nodes');
      await ada.page.getByText('answers here').waitFor();
      await isFit(`system-nodes-${theme}`);
      await ada.go('system/logs');
      await ada.page.getByRole('option').last().click();
      await isFit(`system-logs-${theme}`);
      await ada.go('system/diagnostics');
      await ada.page.getByRole('button', { name: 'Put it together' }).click();
      await ada.page.getByTestId('file-content').waitFor();
      await isFit(`system-diagnostics-${theme}`);
      await ada.go('audit');
      await ada.page.locator('[data-testid^="audit-"]').first().waitFor();
      await isFit(`audit-${theme}`);
      await ada.go('reports');
      await ada.page.getByTestId('technical').waitFor();
      await isFit(`reports-${theme}`);
      await ada.go('overview');
      await ada.page.getByTestId('time-range').getByText('15 min').click();
      await ada.page.getByText(/^history is kept since/).waitFor();
      await isFit(`overview-past-${theme}`);
      await ada.page.setViewportSize(NARROW);
      for (const place of ['system', 'system/nodes', 'system/logs', 'audit', 'reports']) {
        await ada.go(place);
        await waitFor(place, () => ada.page.getByRole('status').first().isVisible());
        await isFit(`${place.replace('/', '-')}-narrow-${theme}`);
      }
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
