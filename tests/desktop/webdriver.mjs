// A small WebDriver client: just the calls that the desktop flows make, over plain fetch.

import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** Asks again until the answer is not `undefined`, or fails with `what` at the deadline. */
export async function waitFor(what, ask, deadlineMs = 60_000) {
  const end = Date.now() + deadlineMs;
  let last;
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited ${deadlineMs} ms for ${what}${last ? `; last: ${last.message}` : ''}`);
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts the driver that translates WebDriver for the window; ends with `stop`. */
export async function startDriver({ driver, native }) {
  const [port, nativePort] = [await freePort(), await freePort()];
  const words = ['--port', port, '--native-port', nativePort, '--native-driver', native];
  const child = spawn(driver, words.map(String), { stdio: ['ignore', 'inherit', 'inherit'] });
  const base = `http://127.0.0.1:${port}`;
  await waitFor('the driver to listen', async () => {
    const answer = await fetch(`${base}/status`);
    return answer.ok;
  });
  return {
    open: (application, args) => openSession(base, application, args),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function openSession(base, application, args) {
  // Nothing but this option: the native driver refuses any browser name.
  const alwaysMatch = { 'tauri:options': { application, args } };
  const { sessionId } = await call('POST', `${base}/session`, { capabilities: { alwaysMatch } });
  return new Session(`${base}/session/${sessionId}`);
}

async function call(method, url, body) {
  const answer = await fetch(url, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${url}: ${value?.error}: ${value?.message}`);
  return value;
}

/** One window under control. */
export class Session {
  constructor(url) {
    this.url = url;
  }

  /** Runs the body of a function in the page and returns what it returns. */
  evaluate(script, ...args) {
    return call('POST', `${this.url}/execute/sync`, { script, args });
  }

  /** Runs the body of a function that calls its last argument with what this returns. */
  evaluateLater(script, ...args) {
    return call('POST', `${this.url}/execute/async`, { script, args });
  }

  /** The windows of the program. */
  handles() {
    return call('GET', `${this.url}/window/handles`);
  }

  /** From now on calls are about another window. */
  switchTo(handle) {
    return call('POST', `${this.url}/window`, { handle });
  }

  async find(selector) {
    const found = await call('POST', `${this.url}/elements`, {
      using: 'css selector',
      value: selector,
    });
    return found.map((element) => element[ELEMENT]);
  }

  /** Presses the pointer at one place of the page, moves it to another in steps, and lets go. */
  async drag(from, to, steps = 12) {
    const moves = Array.from({ length: steps }, (_, index) => {
      const part = (index + 1) / steps;
      const x = Math.round(from.x + (to.x - from.x) * part);
      const y = Math.round(from.y + (to.y - from.y) * part);
      return { type: 'pointerMove', duration: 20, x, y };
    });
    const actions = [
      { type: 'pointerMove', duration: 0, x: Math.round(from.x), y: Math.round(from.y) },
      { type: 'pointerDown', button: 0 },
      ...moves,
      { type: 'pointerUp', button: 0 },
    ];
    const pointer = { type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions };
    await call('POST', `${this.url}/actions`, { actions: [pointer] });
  }

  async click(place) {
    await this.drag(place, place, 1);
  }

  /** Writes a picture of the page into the folder of the artifacts. */
  async screenshot(name) {
    const folder = process.env.GRAPHY_TEST_ARTIFACTS ?? 'tests/artifacts';
    await mkdir(folder, { recursive: true });
    const picture = await call('GET', `${this.url}/screenshot`);
    await writeFile(join(folder, `${name}.png`), Buffer.from(picture, 'base64'));
  }

  /** Forgets the session; the program may have ended before. */
  async close() {
    await call('DELETE', this.url).catch(() => undefined);
  }
}
