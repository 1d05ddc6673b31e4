// The figures of the Overview page are those of `/metrics` and of Redis, or they say that they
// are old.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { Node } from '../support/node.mjs';
import { waitFor, waitForValue } from '../support/wait.mjs';

/** A number as the console writes it: three significant digits. */
function digits(value) {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-GB');
  return value.toFixed(size >= 10 ? 1 : 2);
}

function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const power = Math.floor(Math.log2(value) / 10);
  return `${digits(value / 1024 ** power)} ${units[power]}`;
}

describe('the overview', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let ada;
  let graphId;

  before(async () => {
    node = await Node.start({ args: ['--environment', 'rehearsal'] });
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    graphId = await node.newGraph('Traffic');
    ada = await Person.arrive(browser);
    await ada.signIn(node, 'overview');
    await live().waitFor();
  });

  afterEach(async () => {
    node.api.thaw();
    await ada.leave();
  });

  // The time range that is shown is called so, too.
  const live = () => ada.page.getByRole('status').filter({ hasText: /^Live$/ });
  const shown = (name) => ada.page.getByTestId(`overview-${name}-now`).innerText();
  const sum = (metrics, name) =>
    [...metrics].reduce(
      (total, [key, value]) => (key.split('{')[0] === name ? total + value : total),
      0,
    );

  /** Some figures change each second, so the page and the metrics are read until they meet. */
  async function untilEqual(name, wanted) {
    let last;
    await waitFor(`${name} to equal its metric`, async () => {
      const expected = wanted(await node.metrics());
      const figure = await shown(name);
      last = `${figure}, expected ${expected}`;
      return figure === expected;
    }).catch((cause) => {
      throw new Error(`${name} shows ${last}`, { cause });
    });
  }

  test('at rest each figure equals its series of /metrics', async () => {
    const edited = await node.metrics();
    await node.graphy('demo', '--bots', '4', '--rate', '20', '--seconds', '3', '--graph', graphId);
    const processed = sum(await node.metrics(), 'optimistic_commands_processed_total');
    assert.ok(processed > sum(edited, 'optimistic_commands_processed_total') + 50, 'bots edited');

    await waitForValue('commands per second at rest', () => shown('commands_per_second'), '0 /s');
    await untilEqual('queue_depth', (metrics) => {
      const jobs = metrics.get('bullmq_queue_size{queue_name="graph-commands"}');
      return `${digits(jobs)} jobs`;
    });
    await untilEqual('connections', (metrics) => {
      const sockets = sum(metrics, 'websocket_active_connections');
      return `${digits(sockets)} ${sockets === 1 ? 'socket' : 'sockets'}`;
    });
    await untilEqual('redis_memory_bytes', (metrics) =>
      bytes(metrics.get('graphy_redis_memory_bytes')),
    );
    await untilEqual(
      'redis_latency_ms',
      (metrics) => `${digits(metrics.get('graphy_redis_latency_seconds') * 1000)} ms`,
    );
    await untilEqual(
      'process_cpu_percent',
      (metrics) => `${digits(metrics.get('process_cpu_percent'))} %`,
    );
    await untilEqual('process_memory_bytes', (metrics) =>
      bytes(metrics.get('process_resident_memory_bytes')),
    );
    await ada.screenshot('overview-traffic');

    // Rates over time add up to the counter they are made of.
    const snapshot = await node.console('overview.get');
    const rate = snapshot.series.find(({ name }) => name === 'commands_per_second');
    let counted = 0;
    for (const [index, value] of rate.values.entries()) {
      const step = index > 0 ? rate.at[index] - rate.at[index - 1] : snapshot.stepMs;
      counted += ((value ?? 0) * step) / 1000;
    }
    const total = sum(await node.metrics(), 'optimistic_commands_processed_total');
    assert.ok(Math.abs(counted - total) < 0.05 * total, `${counted} of ${total} commands`);
  });

  test('memory is what INFO and the kernel say', async () => {
    const info = await node.redis('INFO', 'memory');
    const used = Number(/used_memory:(\d+)/.exec(info)?.[1]);
    const metrics = await node.metrics();
    const ofRedis = metrics.get('graphy_redis_memory_bytes');
    // Redis counts the buffers of each connection, also of the one that asks.
    assert.ok(Math.abs(ofRedis - used) < 0.1 * used, `${ofRedis} in /metrics, ${used} in INFO`);
    const status = await readFile(`/proc/${node.api.child.pid}/status`, 'utf8');
    const resident = 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
    const ofProcess = metrics.get('process_resident_memory_bytes');
    assert.ok(
      Math.abs(ofProcess - resident) < 0.1 * resident,
      `${ofProcess}, ${resident} in /proc`,
    );
  });

  test('traffic shows while it lasts', async () => {
    const demo = node.graphy(
      'demo',
      '--bots',
      '3',
      '--rate',
      '20',
      '--seconds',
      '4',
      '-g',
      graphId,
    );
    await waitFor('a rate', async () => Number.parseFloat(await shown('commands_per_second')) > 10);
    await waitFor('a latency', async () => /^[\d.,]+ ms$/.test(await shown('command_p95_ms')));
    await waitFor(
      'connections of the bots',
      async () => Number.parseFloat(await shown('connections')) >= 4,
    );
    await demo;
    await waitForValue('the rate at rest', () => shown('commands_per_second'), '0 /s');
  });

  test('says of when the figures are once the server falls silent', async () => {
    await ada.page.getByText('rehearsal', { exact: true }).waitFor();
    node.api.freeze();
    await ada.page.getByText(/^Stale: the last figures are of \d\d:\d\d:\d\d$/).waitFor();
    await ada.screenshot('overview-stale');
    node.api.thaw();
    await live().waitFor();
  });
});
