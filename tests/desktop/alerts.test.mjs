// Alerts as notifications of the desktop: a real window, a real session bus, and a service on it
// that takes what a desktop would show.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dataDir, setUp, tearDown, untilGraphIsShown } from './console-window.mjs';
import { nodeOf } from './node.mjs';
import { takeNotifications } from './notifications.mjs';
import { waitFor } from './webdriver.mjs';

/** Less than any series has: such a limit is broken at once. */
const BROKEN = -1;
/** More than any series has. */
const KEPT = 1e12;

describe('alerts on the desktop', { timeout: 300_000 }, () => {
  let desktop;
  let node;

  before(async () => {
    desktop = await takeNotifications();
    await setUp();
    await untilGraphIsShown();
    node = await nodeOf(dataDir);
    // The rules that Graphy brings may fire on a busy machine, and only some notifications are
    // shown in a minute.
    const { rules } = await ask('alerts.list');
    for (const { rule } of rules) await ask('alerts.save', { ...rule, enabled: false });
  });
  after(async () => {
    await tearDown();
    desktop?.close();
  });

  function ask(operation, request = {}) {
    return node.request('POST', `/api/v2/console/${operation}`, request);
  }

  /** Makes or changes a rule on a series that always has a value. */
  function save(ruleId, severity, limit, enabled = true) {
    return ask('alerts.save', {
      ruleId,
      title: `The rule ${ruleId}`,
      series: 'queue_depth',
      comparison: 'above',
      limit,
      forSeconds: 0,
      severity,
      enabled,
    });
  }

  async function stateOf(wanted) {
    const { rules } = await ask('alerts.list');
    return rules.find(({ rule }) => rule.ruleId === wanted)?.state;
  }

  function untilShown(title) {
    return waitFor(`the notification “${title}”`, async () =>
      desktop.shown.find((shown) => shown.title === title),
    );
  }

  const titles = () => desktop.shown.map(({ title }) => title);

  test('are told when they begin and when they end, once each', async () => {
    await save('crowd', 'critical', BROKEN);
    const begun = await untilShown('Critical: The rule crowd');
    const { body, ...rest } = begun;
    assert.deepEqual(rest, {
      program: 'Graphy',
      icon: 'graphy-console',
      title: 'Critical: The rule crowd',
      urgency: 'critical',
    });
    assert.match(body, /^\d+ jobs, limit -1 jobs$/, 'the value and the limit');
    // It goes on firing: what is told next is something else.
    await save('mild', 'warning', BROKEN);
    const mild = await untilShown('Warning: The rule mild');
    assert.equal(mild.urgency, 'normal');
    await save('crowd', 'critical', KEPT);
    const ended = await untilShown('Ended: The rule crowd');
    assert.equal(ended.urgency, 'normal');
    assert.deepEqual(titles(), [
      'Critical: The rule crowd',
      'Warning: The rule mild',
      'Ended: The rule crowd',
    ]);
  });

  test('are not told while they are snoozed, switched off, or of little weight', async () => {
    const before = titles();
    await save('snoozed', 'critical', KEPT);
    await ask('alerts.snooze', { ruleId: 'snoozed', minutes: 60 });
    await save('snoozed', 'critical', BROKEN);
    await save('trifle', 'info', BROKEN);
    await save('asleep', 'critical', BROKEN, false);
    for (const rule of ['snoozed', 'trifle']) {
      await waitFor(`${rule} to fire`, async () => (await stateOf(rule)) === 'firing');
    }
    assert.equal(await stateOf('asleep'), 'off');
    // Notices keep their order: when the last one is shown, the others would have been.
    await save('last', 'critical', BROKEN);
    await untilShown('Critical: The rule last');
    assert.deepEqual(titles(), [...before, 'Critical: The rule last']);
  });
});
