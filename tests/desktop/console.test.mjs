// Flows of a person in front of the real console window, driven through WebDriver.
//
// Run by `cargo xtask e2e desktop`, which builds the console and starts a display and a session bus.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { consoleOf, isAlive, redisBelow } from './processes.mjs';
import { startDriver, waitFor } from './webdriver.mjs';

const application = required('GRAPHY_TEST_CONSOLE');
let driver;
let dataDir;
let window;

function required(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set; run \`cargo xtask e2e desktop\``);
  return value;
}

async function start() {
  window = await driver.open(application, ['--data-dir', dataDir]);
}

/** Ends the console as the session manager does at log-out, and waits until it is gone. */
async function quit() {
  const pid = await consoleOf(dataDir);
  assert.ok(pid, 'the console runs');
  const redis = await redisBelow(pid);
  assert.ok(redis, 'the console started a private Redis');
  process.kill(pid, 'SIGTERM');
  await waitFor('the console to end', async () => !(await isAlive(pid)));
  await waitFor('its Redis to end', async () => !(await isAlive(redis)));
  await window.close();
  window = undefined;
}

/** Nodes on the canvas: id, place in the graph, and the middle of what is seen. */
function nodesOnScreen() {
  return window.evaluate(`
    const canvas = document.querySelector('.react-flow');
    if (!canvas) return [];
    const frame = canvas.getBoundingClientRect();
    return [...document.querySelectorAll('.react-flow__node')].map((node) => {
      const box = node.getBoundingClientRect();
      const place = new DOMMatrixReadOnly(getComputedStyle(node).transform);
      const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      const top = document.elementFromPoint(middle.x, middle.y);
      return {
        id: node.dataset.id,
        place: { x: place.m41, y: place.m42 },
        middle,
        seen: top !== null && node.contains(top)
          && middle.x > frame.x + 80 && middle.x < frame.right - 240
          && middle.y > frame.y + 80 && middle.y < frame.bottom - 200,
      };
    });`);
}

async function nodeOnScreen(id) {
  return (await nodesOnScreen()).find((node) => node.id === id);
}

/** What the status chip says. */
function status() {
  return window.evaluate(
    `return document.querySelector('[data-testid="status-chip"] [role="status"]')?.textContent ?? '';`,
  );
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

async function untilGraphIsShown() {
  return waitFor('the dependency graph on the canvas', async () => {
    const nodes = await nodesOnScreen();
    return nodes.length >= 20 && /saved/i.test(await status()) ? nodes : undefined;
  });
}

async function pickNode() {
  const nodes = await nodesOnScreen();
  const node = nodes.find((candidate) => candidate.seen);
  assert.ok(node, 'a node in the middle of the canvas can be taken hold of');
  return node;
}

describe('the console window', { timeout: 300_000 }, () => {
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'graphy-desktop-'));
    driver = await startDriver({
      driver: required('TAURI_DRIVER'),
      native: required('WEBKIT_DRIVER'),
    });
    await start();
  });

  after(async () => {
    if (window) await quit();
    await driver?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  test('opens with the dependency graph of the project on its canvas', async () => {
    await untilGraphIsShown();
    await window.screenshot('desktop-graph');
  });

  test('a dragged node is where it was dropped after quitting and starting again', async () => {
    await untilGraphIsShown();
    const node = await pickNode();
    const target = { x: node.middle.x + 120, y: node.middle.y + 60 };
    await window.drag(node.middle, target);
    const dropped = await waitFor('the node to follow the pointer', async () => {
      const now = await nodeOnScreen(node.id);
      return now && distance(now.place, node.place) > 20 ? now : undefined;
    });
    await waitFor('the change to be saved', async () => /saved/i.test(await status()));
    await window.screenshot('desktop-dragged');

    await quit();
    await start();
    await untilGraphIsShown();
    const again = await waitFor('the node to be on the canvas', () => nodeOnScreen(node.id));
    await window.screenshot('desktop-restarted');
    assert.ok(
      distance(again.place, dropped.place) < 1,
      `dropped at ${JSON.stringify(dropped.place)}, found at ${JSON.stringify(again.place)}`,
    );
  });

  test('an edit shows at once while the store stands still, and is saved once it goes on', async () => {
    await untilGraphIsShown();
    const redis = await redisBelow(await consoleOf(dataDir));
    const node = await pickNode();
    process.kill(redis, 'SIGSTOP');
    try {
      await window.drag(node.middle, { x: node.middle.x - 90, y: node.middle.y + 50 });
      const moved = await nodeOnScreen(node.id);
      assert.ok(distance(moved.place, node.place) > 20, 'the node moved on the screen');
      const said = await status();
      assert.doesNotMatch(said, /^saved/i, 'nothing is called saved while nothing can be');
      await window.screenshot('desktop-pending');
    } finally {
      process.kill(redis, 'SIGCONT');
    }
    await waitFor('the change to be saved', async () => /saved/i.test(await status()));
  });
});
