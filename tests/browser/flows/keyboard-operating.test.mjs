// What an operator does without a mouse: a failed job, an alert, the time that charts show.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { foreignQueue } from '../support/foreign-queue.mjs';
import { Node } from '../support/node.mjs';
import { waitFor, waitForValue } from '../support/wait.mjs';

/** No control is so far from the one before that it matters. */
const TABS_MAX = 60;
const MAIL = { prefix: 'shop', queue: 'mail' };

describe('operating by keyboard alone', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let operator;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
    await foreignQueue(node, 'mail', { waiting: 3, failed: ['no street', 'no town'] });
    await node.console('queues.get', MAIL);
    const { rules } = await node.console('alerts.list');
    for (const { rule } of rules) await node.console('alerts.save', { ...rule, enabled: false });
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    operator = await Person.arrive(browser);
    await operator.signIn(node, 'overview');
  });

  afterEach(() => operator.leave());

  const hash = () => new URL(operator.page.url()).hash;
  const press = (...keys) => keys.reduce(
    (before, key) => before.then(() => operator.page.keyboard.press(key)),
    Promise.resolve(),
  );

  /** Goes from control to control until the wanted one has the focus, which must show. */
  async function tabTo(locator, key = 'Tab') {
    await locator.waitFor({ state: 'attached' });
    for (let step = 0; step < TABS_MAX; step += 1) {
      const there = await locator.evaluate((element) => element === document.activeElement);
      if (there) return;
      await press(key);
    }
    assert.fail(`${locator} is not reached by ${TABS_MAX} presses of ${key}`);
  }

  const failed = async () => (await node.console('queues.get', MAIL)).summary.counts.failed;

  test('a failed job is found, retried and left', async () => {
    await press('g', 'q');
    await operator.page.getByTestId('queue-mail').waitFor();
    await press('j', 'Enter');
    await waitForValue('the queue', hash, '#/queues/shop/mail');
    const states = operator.page.getByTestId('jobs-failed');
    await tabTo(states);
    await press('Enter');
    await operator.page.getByTestId('job-row-4').waitFor();
    await press('j', 'Enter');
    await waitForValue('the job', hash, '#/queues/shop/mail/4');
    await tabTo(operator.page.getByTestId('job-detail').getByRole('button', { name: 'Retry', exact: true }));
    await press('Enter');
    await waitForValue('failed jobs', failed, 1);
    await press('Escape');
    await operator.page.getByText('Choose a job').waitFor();
    await press('Escape');
    await waitForValue('the list', hash, '#/queues');
  });

  test('a hasty Enter removes nothing', async () => {
    await operator.go('queues/shop/mail/5');
    const remove = operator.page
      .getByTestId('job-detail')
      .getByRole('button', { name: 'Remove…' });
    await tabTo(remove);
    await press('Enter');
    const dialog = operator.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Cancel' }).waitFor();
    await waitFor('the focus', () =>
      dialog
        .getByRole('button', { name: 'Cancel' })
        .evaluate((element) => element === document.activeElement),
    );
    await press('Enter');
    await dialog.waitFor({ state: 'detached' });
    const counts = (await node.console('queues.get', MAIL)).summary.counts;
    assert.equal(counts.waiting + counts.failed, 5);
    await waitFor('the focus to be back', () =>
      remove.evaluate((element) => element === document.activeElement),
    );
  });

  test('an alert is acknowledged', async () => {
    await node.console('alerts.save', {
      ruleId: 'always',
      title: 'Takes memory',
      series: 'process_memory_bytes',
      comparison: 'above',
      limit: 1,
      forSeconds: 0,
      severity: 'warning',
      onNoData: 'hold',
      enabled: true,
      note: '',
    });
    await press('g', 'a');
    const firing = operator.page.getByTestId('firing-always');
    await tabTo(firing.getByRole('button', { name: 'Acknowledge Takes memory' }));
    await press('Enter');
    await firing.getByText('looked after by').waitFor();
  });

  test('charts look back', async () => {
    const range = operator.page.getByTestId('time-range');
    await tabTo(range.getByRole('radio', { name: 'Live' }));
    await press('ArrowRight');
    await operator.page.getByText(/^history is kept since/).waitFor();
    assert.equal(await range.getByRole('radio', { name: '15 min' }).isChecked(), true);
    await tabTo(operator.page.getByRole('button', { name: 'Custom' }));
    await press('Enter');
    const form = operator.page.getByRole('form', { name: 'Custom time range' });
    await form.waitFor();
    await press('Escape');
    await form.waitFor({ state: 'hidden' });
  });
});
