// Flows of a person in front of the real console window, driven through WebDriver.
//
// Run by `cargo xtask e2e desktop`, which builds the console and starts a display and a session bus.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { nodeOf } from './node.mjs';
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

async function pickNodes(count) {
  const nodes = (await nodesOnScreen()).filter((candidate) => candidate.seen);
  assert.ok(nodes.length >= count, 'nodes in the middle of the canvas can be taken hold of');
  return nodes.slice(0, count);
}

/** Turns the wheel over the canvas until nodes are near enough to be read. */
async function untilTitlesAreShown() {
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
function renameOnScreen(id, title) {
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
function pendingMarks() {
  return window.evaluate(`
    return [...document.querySelectorAll('.mark-pending')]
      .map((mark) => mark.dataset.testid.slice('pending-'.length));`);
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
    const [node] = await pickNodes(1);
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

  // The console's workers live in its own process, so they cannot be stopped apart from it: a
  // Redis that stands still is the stand-in. Nothing can be decided before it goes on.
  test('edits show at once while nothing can be decided, and are saved once it goes on', async () => {
    await untilTitlesAreShown();
    const redis = await redisBelow(await consoleOf(dataDir));
    const [moving, renamed] = await pickNodes(2);
    let shown;
    process.kill(redis, 'SIGSTOP');
    try {
      await window.drag(moving.middle, { x: moving.middle.x - 90, y: moving.middle.y + 50 });
      const moved = await nodeOnScreen(moving.id);
      assert.ok(distance(moved.place, moving.place) > 20, 'the node moved on the screen');
      shown = await renameOnScreen(renamed.id, 'Renamed while nothing moves');
      assert.deepEqual(shown, { title: 'Renamed while nothing moves', pending: true });
      assert.ok((await pendingMarks()).includes(moving.id), 'the moved node is marked too');
      const said = await status();
      assert.doesNotMatch(said, /^saved/i, 'nothing is called saved while nothing can be');
      await window.screenshot('desktop-pending');
    } finally {
      process.kill(redis, 'SIGCONT');
    }
    await waitFor('the changes to be saved', async () => /saved/i.test(await status()));
    assert.deepEqual(await pendingMarks(), [], 'no mark is left');
    const node = await nodeOf(dataDir);
    const stored = await node.nodes();
    assert.equal(stored.get(renamed.id).title, 'Renamed while nothing moves');
  });

  test('a rename of what another client deleted is taken back alone, with its reason', async () => {
    await untilTitlesAreShown();
    const node = await nodeOf(dataDir);
    const [doomed, kept] = await pickNodes(2);
    // Redis takes no writes but still answers questions: the deletion waits in the graph's queue
    // and the renames of the window, which knows nothing of it, get in line behind it.
    let deleted;
    await node.withoutWrites(async () => {
      deleted = node.deleteNode(doomed.id);
      await node.nodes();
      const shown = await renameOnScreen(doomed.id, 'Too late');
      assert.deepEqual(shown, { title: 'Too late', pending: true });
      await renameOnScreen(kept.id, 'In time');
    });
    await deleted;
    const reason = await waitFor('the reason in the panel', async () => {
      const text = await window.evaluate(
        `return document.querySelector('[data-testid="attention-panel"]')?.textContent ?? '';`,
      );
      return text.includes('taken back') ? text : undefined;
    });
    assert.match(reason, /Needs attention \(1\)/);
    assert.match(reason, /to “Too late”/);
    assert.match(reason, /What it changes was deleted meanwhile\. Your change was taken back\./);
    await waitFor('all marks to clear', async () => (await pendingMarks()).length === 0);
    await window.screenshot('desktop-attention');
    assert.equal(await nodeOnScreen(doomed.id), undefined, 'the deleted node is gone');
    assert.equal((await node.nodes()).get(kept.id).title, 'In time');
    await window.evaluate(`document.querySelector('[aria-label="Dismiss"]').click();`);
    await waitFor('the panel to go', async () => /^saved/i.test(await status()));
  });

  test('another window is a client of its own that shows the same graph', async () => {
    await untilGraphIsShown();
    const [first] = await window.handles();
    await window.evaluate(`window.dispatchEvent(new KeyboardEvent('keydown',
      { key: 'N', ctrlKey: true, shiftKey: true, bubbles: true }));`);
    const second = await waitFor('another window', async () =>
      (await window.handles()).find((handle) => handle !== first),
    );
    await window.switchTo(second);
    await untilGraphIsShown();
    await window.screenshot('desktop-second-window');
    await window.switchTo(first);
  });
});
