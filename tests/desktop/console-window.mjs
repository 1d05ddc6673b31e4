// The console's window as a person uses it: started with a data folder of its own, looked at, edited,
// and ended in order or not.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleOf, isAlive, redisBelow } from './processes.mjs';
import { startDriver, waitFor } from './webdriver.mjs';

let driver;
export let dataDir;
export let window;

export function required(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set; run \`cargo xtask e2e desktop\``);
  return value;
}

/** Makes a data folder and a driver, and starts the console. */
export async function setUp() {
  dataDir = await mkdtemp(join(tmpdir(), 'graphy-desktop-'));
  driver = await startDriver({
    driver: required('TAURI_DRIVER'),
    native: required('WEBKIT_DRIVER'),
  });
  await start();
}

/** Ends everything that `setUp` began. */
export async function tearDown() {
  if (window) await quit();
  await driver?.stop();
  await rm(dataDir, { recursive: true, force: true });
}

export async function start() {
  window = await driver.open(required('GRAPHY_TEST_CONSOLE'), ['--data-dir', dataDir]);
}

/** Ends the console as a power cut does: at once, and its Redis with it. */
export async function kill() {
  const pid = await consoleOf(dataDir);
  const redis = await redisBelow(pid);
  process.kill(pid, 'SIGKILL');
  await waitFor('the console to end', async () => !(await isAlive(pid)));
  if (await isAlive(redis)) process.kill(redis, 'SIGKILL');
  await waitFor('its Redis to end', async () => !(await isAlive(redis)));
  // The session has lost its window; nothing is left that could be closed.
  await window.close().catch(() => undefined);
  window = undefined;
}

/** Ends the console as the session manager does at log-out, and waits until it is gone. */
export async function quit() {
  const pid = await consoleOf(dataDir);
  assert.ok(pid, 'the console runs');
  const redis = await redisBelow(pid);
  process.kill(pid, 'SIGTERM');
  await waitFor('the console to end', async () => !(await isAlive(pid)));
  if (redis) await waitFor('its Redis to end', async () => !(await isAlive(redis)));
  await window.close();
  window = undefined;
}

/** Nodes on the canvas: id, place in the graph, and the middle of what is seen. */
export function nodesOnScreen() {
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

export async function nodeOnScreen(id) {
  return (await nodesOnScreen()).find((node) => node.id === id);
}

/** What the status chip says. */
export function status() {
  return window.evaluate(
    `return document.querySelector('[data-testid="status-chip"] [role="status"]')?.textContent ?? '';`,
  );
}

export function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

export async function untilGraphIsShown() {
  return waitFor('the dependency graph on the canvas', async () => {
    const nodes = await nodesOnScreen();
    return nodes.length >= 20 && /saved/i.test(await status()) ? nodes : undefined;
  });
}

export async function pickNodes(count) {
  const nodes = (await nodesOnScreen()).filter((candidate) => candidate.seen);
  assert.ok(nodes.length >= count, 'nodes in the middle of the canvas can be taken hold of');
  return nodes.slice(0, count);
}

/** Turns the wheel over the canvas until nodes are near enough to be read. */
export async function untilTitlesAreShown() {
  await untilGraphIsShown();
  await waitFor('titles of nodes', () =>
    window.evaluate(`
      if (document.querySelector('.entity-title')) return true;
      const canvas = document.querySelector('.react-flow__pane');
      const { x, y, width, height } = canvas.getBoundingClientRect();
      const place = { clientX: x + width / 2, clientY: y + height / 2 };
      canvas.dispatchEvent(
        new WheelEvent('wheel', { ...place, deltaY: -200, bubbles: true, cancelable: true }),
      );
      return false;`),
  );
  await waitFor('the canvas to come to rest', async () => {
    const before = await nodesOnScreen();
    const after = await nodesOnScreen();
    const still = JSON.stringify(before) === JSON.stringify(after);
    return still && /saved/i.test(await status());
  });
}

/** Renames a node as a person does; says what the next frame showed of it. */
export function renameOnScreen(id, title) {
  return window.evaluateLater(
    `const [id, title, done] = arguments;
    const node = document.querySelector('[data-testid="graph-node-' + id + '"]');
    const frames = (count, then) =>
      count === 0 ? then() : requestAnimationFrame(() => frames(count - 1, then));
    node.querySelector('.entity-title')
      .dispatchEvent(new MouseEvent('dblclick', { bubbles: true }));
    frames(2, () => {
      const input = node.querySelector('input');
      input.value = title;
      input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
      // The second callback runs when the frame after the edit has been painted.
      frames(2, () => done({
        title: node.querySelector('.entity-title')?.textContent,
        pending: node.querySelector('.mark-pending') !== null,
      }));
    });`,
    id,
    title,
  );
}

/** The ids of the nodes that carry the mark of what is not confirmed. */
export function pendingMarks() {
  return window.evaluate(`
    return [...document.querySelectorAll('.mark-pending')]
      .map((mark) => mark.dataset.testid.slice('pending-'.length));`);
}
