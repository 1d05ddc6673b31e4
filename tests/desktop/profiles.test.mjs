// From the server inside the console to one elsewhere and back: nothing of the one is seen or
// reached from the other.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  dataDir,
  nodesOnScreen,
  quit,
  renameOnScreen,
  required,
  setUp,
  start,
  status,
  tearDown,
  untilGraphIsShown,
  window,
} from './console-window.mjs';
import { nodeAt, uuidV7 } from './node.mjs';
import { consoleOf, redisBelow } from './processes.mjs';
import { waitFor } from './webdriver.mjs';

let elsewhere;
let elsewhereDir;
let server;

/** Starts the other server, at a free port or at the one that it had. */
async function serve(listen) {
  const words = ['serve', '--data-dir', elsewhereDir, '--environment', 'lab', '--listen', listen];
  server = spawn(required('GRAPHY_TEST_BINARY'), words, { stdio: ['ignore', 'ignore', 'inherit'] });
  return waitFor('the other server', () => nodeAt(elsewhereDir));
}

/** Starts a headless server with a graph of two nodes. */
async function startElsewhere() {
  elsewhereDir = await mkdtemp(join(tmpdir(), 'graphy-elsewhere-'));
  elsewhere = await serve('127.0.0.1:0');
  // The token of the runtime file ends with the process.
  const request = { name: 'desktop flows', role: 'admin' };
  const { token } = await elsewhere.request('POST', '/api/v2/console/tokens.create', request);
  elsewhere.token = token;
  const { graphId } = await elsewhere.request('POST', '/api/v2/graphs', { name: 'Far graph' });
  elsewhere.graphId = graphId;
  await elsewhere.createNode('far-1', 'Far away');
  await elsewhere.createNode('far-2', 'Farther away');
}

/** Stops the other server, which takes its runtime file back. */
async function stopServing() {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
  server = undefined;
}

async function removeElsewhere() {
  if (server) await stopServing();
  await rm(elsewhereDir, { recursive: true, force: true });
}

/** Goes to a page as a link does. */
function goTo(hash) {
  return window.evaluate('window.location.hash = arguments[0];', hash);
}

/** Presses the button with that text inside the first element that matches. */
async function press(within, text) {
  await waitFor(`the button ${text}`, () =>
    window.evaluate(
      `const [within, text] = arguments;
      const place = document.querySelector(within);
      const button = [...(place?.querySelectorAll('button') ?? [])]
        .find((candidate) => candidate.textContent.trim() === text && !candidate.disabled);
      button?.click();
      return button !== undefined;`,
      within,
      text,
    ),
  );
}

/** Writes into the field with that label, as typing does. */
async function fill(label, value) {
  await waitFor(`the field ${label}`, () =>
    window.evaluate(
      `const [label, value] = arguments;
      const name = [...document.querySelectorAll('.profile-form label')]
        .find((candidate) => candidate.textContent.trim() === label);
      const input = name && document.getElementById(name.htmlFor);
      if (!input) return false;
      const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
      set.call(input, value);
      input.dispatchEvent(new Event('input', { bubbles: true }));
      return true;`,
      label,
      value,
    ),
  );
}

function text(selector) {
  return window.evaluate(
    `return document.querySelector(arguments[0])?.textContent ?? '';`,
    selector,
  );
}

async function untilText(selector, expected) {
  await waitFor(`${expected} in ${selector}`, async () => expected.test(await text(selector)));
}

/** Calls a command of the Rust side past the page; gives its answer or its refusal. */
function invoke(command, args) {
  return window.evaluateLater(
    `const [command, args, done] = arguments;
    window.__TAURI_INTERNALS__.invoke('deployment')
      .then(({ generation }) => window.__TAURI_INTERNALS__.invoke(command, { generation, ...args }))
      .then(done, done);`,
    command,
    args,
  );
}

/** The code of what the Rust side refuses. */
async function refusal(command, args) {
  return (await invoke(command, args)).code ?? 'none';
}

describe('two deployments in one console', { timeout: 300_000 }, () => {
  before(async () => {
    await startElsewhere();
    await setUp();
  });
  after(async () => {
    await tearDown();
    await removeElsewhere();
  });

  test('a deployment is added, tried out, and the token is kept as the console says', async () => {
    await untilGraphIsShown();
    await goTo('#/settings');
    await press('.settings', 'Add a deployment');
    await fill('Name', 'Laboratory');
    await fill('Address', 'http://127.0.0.1:9');
    await fill('Access token', 'wrong');
    await press('.profile-form', 'Test connection');
    await untilText('.profile-trial', /^Unreachable/);
    await fill('Address', elsewhere.apiUrl);
    await press('.profile-form', 'Test connection');
    await untilText('.profile-trial', /^Not let in/);
    await fill('Access token', elsewhere.token);
    await press('.profile-form', 'Test connection');
    await untilText('.profile-trial', /^Connected.*“lab”/);
    await window.screenshot('desktop-profile-form');
    await press('.profile-form', 'Save');
    await untilText('[data-testid="profile-Laboratory"]', /staging/);
    // This session has no keyring.
    await untilText('[data-testid="token-warning"]', /tokens\.json/);
    const file = await stat(join(dataDir, 'config', 'tokens.json'));
    assert.equal(file.mode & 0o777, 0o600);
    await window.screenshot('desktop-profiles');
  });

  test('the other deployment is shown whole, and the server inside rests', async () => {
    await press('[data-testid="profile-Laboratory"]', 'Switch');
    await untilText('[data-testid="deployment-badge"]', /Laboratory · staging/);
    await waitFor('the inner Redis to end', async () => {
      return (await redisBelow(await consoleOf(dataDir))) === undefined;
    });
    await goTo(`#/graph/${elsewhere.graphId}`);
    const nodes = await waitFor('the far graph', async () => {
      const nodes = await nodesOnScreen();
      return nodes.length === 2 ? nodes : undefined;
    });
    assert.deepEqual(nodes.map(({ id }) => id).sort(), ['far-1', 'far-2']);
    await window.screenshot('desktop-elsewhere');
    // A page of before the change reaches nothing of what is shown now.
    assert.equal(
      await refusal('rpc', { generation: 1, operation: 'graphs.list', payload: {} }),
      'unavailable',
    );
    assert.equal(await refusal('rpc', { operation: 'graphs.list', payload: {} }), 'none');
  });

  test('edits made while it is away land once it is back, though the console was closed', async () => {
    await stopServing();
    await waitFor('the loss to be seen', async () => /offline/i.test(await status()));
    const shown = await renameOnScreen('far-2', 'Renamed while away');
    assert.deepEqual(shown, { title: 'Renamed while away', pending: true });
    await waitFor('the count of unsent edits', async () => /1 unsent/i.test(await status()));
    const queues = join(dataDir, 'queue');
    await waitFor('the edit to be on disk', async () => {
      for (const name of await readdir(queues)) {
        if ((await readFile(join(queues, name))).includes('Renamed while away')) return true;
      }
      return false;
    });
    await window.screenshot('desktop-away');
    await quit();
    await start();
    await untilText('[data-testid="deployment-badge"]', /Laboratory · staging/);
    assert.equal(await redisBelow(await consoleOf(dataDir)), undefined);

    await serve(new URL(elsewhere.apiUrl).host);
    await goTo(`#/graph/${elsewhere.graphId}`);
    await waitFor('the edit to land', async () => {
      return (await elsewhere.nodes()).get('far-2').title === 'Renamed while away';
    });
    await waitFor('the window to agree', async () => /saved/i.test(await status()));
    assert.equal(await elsewhere.timesRenamed('far-2', 'Renamed while away'), 1);
  });

  test('read-only is kept by the program, whatever the page asks', async () => {
    await goTo('#/settings');
    await press('[data-testid="profile-Laboratory"]', 'Edit');
    await waitFor('the switch', () =>
      window.evaluate(`
        const input = document.querySelector('.profile-form input[role="switch"]');
        input?.click();
        return input?.checked === true;`),
    );
    await press('.profile-form', 'Save');
    await untilText('[data-testid="read-only-badge"]', /read-only/);
    const { graphId } = elsewhere;
    const channel = '__CHANNEL__:4000000';
    const opened = await invoke('graph_open', { graphId, channel });
    const command = { operationId: uuidV7(), type: 'DELETE_NODE', payload: { id: 'far-1' } };
    const send = { sessionId: opened.sessionId, command };
    assert.equal((await invoke('graph_send', send)).code, 'forbidden');
    const create = { operation: 'graphs.create', payload: { name: 'No' } };
    assert.equal(await refusal('rpc', create), 'forbidden');
    assert.equal(await refusal('rpc', { operation: 'graphs.list', payload: {} }), 'none');
    await goTo(`#/graph/${elsewhere.graphId}`);
    await waitFor('the far graph', async () => (await nodesOnScreen()).length === 2);
    await window.screenshot('desktop-read-only');
    const { graphs } = await elsewhere.request('POST', '/api/v2/console/graphs.list', {});
    assert.equal(graphs.length, 1);
  });

  test('back at the server inside, everything is as it was', async () => {
    await goTo('#/settings');
    await press('[data-testid="profile-This computer"]', 'Switch');
    await untilText('[data-testid="deployment-badge"]', /This computer · local/);
    const nodes = await untilGraphIsShown();
    assert.ok(!nodes.some(({ id }) => id.startsWith('far-')));
    assert.equal(await text('[data-testid="read-only-badge"]'), '');
    await window.screenshot('desktop-back');
  });
});
