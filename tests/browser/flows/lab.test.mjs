// Clients side by side on one graph, each with a network of its own that gets worse.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { namelessControls, overflow, untilStill, weakText } from '../support/inspect.mjs';
import { Node, ROOT } from '../support/node.mjs';
import { waitFor, waitForValue } from '../support/wait.mjs';

const EXAMPLE = join(ROOT, 'ui/src/features/lab/example-recording.json');

/** One pane of the Lab. */
class Pane {
  constructor(page, letter) {
    this.page = page;
    this.root = page.getByTestId(`lab-${letter}`);
    this.name = `Client ${letter.toUpperCase()}`;
  }

  node(id) {
    return this.root.getByTestId(`lab-node-${id}`);
  }

  title(id) {
    return this.node(id).innerText();
  }

  untilTitle(id, wanted) {
    return waitForValue(`${id} of ${this.name}`, () => this.title(id), wanted);
  }

  untilState(wanted) {
    const state = () => this.root.locator('.lab-state').innerText();
    return waitForValue(`the state of ${this.name}`, state, wanted);
  }

  async rename(id, title) {
    await this.node(id).focus();
    await this.page.keyboard.press('F2');
    const field = this.root.getByRole('textbox', { name: 'Title' });
    await field.fill(title);
    await field.press('Enter');
    await field.waitFor({ state: 'detached' });
  }

  async setOffline(wanted) {
    const plug = this.root.getByRole('switch', { name: `${this.name} offline` });
    if ((await plug.isChecked()) !== wanted) await plug.press(' ');
    assert.equal(await plug.isChecked(), wanted);
  }

  /** Pulls a slider by key, in steps of ten (Page keys) and one. */
  async setSlider(name, key, times) {
    const thumb = this.root.getByRole('slider', { name: `${name} of ${this.name}` });
    await thumb.focus();
    for (let pressed = 0; pressed < times; pressed += 1) await thumb.press(key);
  }

  async figure(name) {
    const pair = this.root.locator('.lab-numbers > div', {
      has: this.page.locator('dt', { hasText: name }),
    });
    return pair.locator('dd').innerText();
  }

  tab(name) {
    return this.root.getByText(new RegExp(`^${name} \\(`)).click();
  }
}

describe('the lab', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let ada;
  let a;
  let b;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    const viewport = { width: 1280, height: 800 };
    ada = await Person.arrive(browser, { viewport });
    await ada.signIn(node, 'lab');
    await ada.page.getByRole('button', { name: 'New scratch graph' }).click();
    a = new Pane(ada.page, 'a');
    b = new Pane(ada.page, 'b');
    await together();
  });

  afterEach(() => ada.leave());

  const together = () => ada.page.locator('[data-testid=lab-verdict][data-agree=true]').waitFor();

  async function graphId() {
    return new URL(ada.page.url()).hash.split('/')[2];
  }

  /** What the panel says of a run that is over. */
  async function result() {
    await ada.page.locator('[data-testid=lab-run][data-phase=done]').waitFor();
    const said = ada.page.getByTestId('lab-result');
    const figures = await ada.page.locator('.lab-result > div').evaluateAll((pairs) =>
      pairs.map((pair) => [
        pair.querySelector('dt').textContent,
        Number(pair.querySelector('dd').textContent.replaceAll(',', '')),
      ]),
    );
    return {
      ...Object.fromEntries(figures),
      agreed: await said.getAttribute('data-agreed'),
      text: await said.innerText(),
    };
  }

  /** Looks at the page in both themes, as it is. */
  async function isFit(name) {
    for (const colorScheme of ['light', 'dark']) {
      await ada.page.emulateMedia({ colorScheme });
      await untilStill(ada.page);
      await ada.screenshot(`${name}-${colorScheme}`);
      assert.deepEqual(await namelessControls(ada.page), [], 'controls without a name');
      assert.deepEqual(await weakText(ada.page), [], 'text that is hard to read');
      assert.ok((await overflow(ada.page)) <= 0, 'the page fits the window');
    }
  }

  test('one client offline, edits in both, and all agree on its return', async () => {
    await b.setOffline(true);
    await b.untilState(/^offline \(0 unsent\)$/);
    await b.rename('lab-02', 'By B, later');
    await a.rename('lab-01', 'By A');
    await a.rename('lab-03', 'A was first');
    await b.rename('lab-03', 'B did not know');
    await a.untilState('saved');
    await b.untilState('offline (2 unsent)');
    assert.equal(await a.title('lab-02'), 'Bravo');
    assert.equal(await b.title('lab-01'), 'Alpha');
    const rows = await b.root.locator('.lab-table tbody tr').allInnerTexts();
    assert.equal(rows.length, 2);
    for (const [index, row] of rows.entries()) {
      assert.match(row, /UPDATE_NODE/);
      assert.match(row, new RegExp(`\\t${index + 1}\\t[\\d.]+ s\\tunsent`));
    }
    await isFit('lab-offline');

    await b.setOffline(false);
    await together();
    for (const pane of [a, b]) {
      assert.equal(await pane.title('lab-01'), 'By A');
      assert.equal(await pane.title('lab-02'), 'By B, later');
      assert.equal(await pane.title('lab-03'), 'A was first');
      await waitForValue(
        'the mark of the contested node',
        () => pane.node('lab-03').getAttribute('data-mark'),
        'contested',
      );
    }
    assert.equal(await b.figure('Resumes'), '1');
    assert.equal(await b.figure('Conflicts'), '1');
    const stored = await node.stored(await graphId());
    assert.equal(stored.nodes.get('lab-02').title, 'By B, later');
    await node.verify(await graphId());
  });

  test('a storm on bad networks loses nothing and converges', async () => {
    await ada.page.getByText('3 clients').click();
    const c = new Pane(ada.page, 'c');
    await together();
    await b.setSlider('Latency', 'ArrowRight', 8);
    await b.setSlider('Stall', 'ArrowRight', 5);
    await c.setSlider('Cut every', 'ArrowRight', 25);
    await ada.page.getByRole('textbox', { name: 'Seconds of the storm' }).fill('3');
    await ada.page.getByRole('button', { name: 'Conflict storm' }).click();
    const outcome = await result();
    assert.match(outcome.text, /^Converged in [\d,]+ ms$/);
    assert.equal(outcome.Commands, 3 * 3 * 8);
    assert.equal(outcome.Lost, 0);
    assert.equal(outcome.Twice, 0);
    assert.equal(outcome.agreed, 'true');
    const { Applied, Merged, Conflicts, Rejected } = outcome;
    assert.equal(Applied + Merged + Conflicts + Rejected, outcome.Commands);
    assert.ok(Number(await c.figure('Resumes')) > 0, 'the third client was cut');
    assert.match(await b.figure('Ack p50'), /^[\d,]+ ms$/);
    await b.tab('Frames');
    await ada.page.locator('.lab-frame').first().waitFor();
    await isFit('lab-storm');
    await node.verify(await graphId());
  });

  test('frames can be held, filtered and read, without the token', async () => {
    await a.tab('Frames');
    const hello = a.root.getByRole('button', { name: /^sent hello/ });
    await hello.click();
    const text = await a.root.locator('.lab-json').innerText();
    const { token, ...rest } = JSON.parse(text);
    assert.equal(token, '•••');
    assert.equal(rest.graphId, await graphId());
    await ada.page.keyboard.press('Escape');
    await hello.waitFor();
    await a.root.getByRole('button', { name: 'Pause' }).click();
    await b.rename('lab-01', 'While paused');
    await a.root.getByRole('button', { name: /^Go on \([1-9]\d* new\)$/ }).click();
    await a.root.getByRole('button', { name: /^received state_update/ }).waitFor();
  });

  test('the example is replayed, and what one does oneself is recorded', async () => {
    const example = JSON.parse(await readFile(EXAMPLE, 'utf8'));
    const commands = example.steps.filter((step) => step.do === 'command').length;
    await ada.page.getByRole('button', { name: 'Recording' }).click();
    await ada.page.getByText('Load the example').click();
    await ada.page.getByTestId('lab-replay').click();
    const outcome = await result();
    assert.equal(outcome.Commands, commands);
    assert.equal(outcome.Lost, 0);
    assert.equal(outcome.agreed, 'true');
    await isFit('lab-replay');

    await ada.page.getByRole('button', { name: 'Record', exact: true }).click();
    await a.rename('lab-04', 'On tape');
    await b.setOffline(true);
    await b.rename('lab-04', 'Also on tape');
    await b.setOffline(false);
    await together();
    await ada.page.getByRole('button', { name: 'Stop recording (4 steps)' }).click();
    await ada.page.getByRole('button', { name: 'Recording' }).click();
    const saved = ada.page.waitForEvent('download');
    await ada.page.getByText('Save as a file').click();
    const tape = JSON.parse(await readFile(await (await saved).path(), 'utf8'));
    assert.deepEqual(
      tape.steps.map((step) => [step.client, step.command?.payload ?? step.conditions]),
      [
        [0, { id: 'lab-04', patch: { title: 'On tape' } }],
        [1, { offline: true }],
        [1, { id: 'lab-04', patch: { title: 'Also on tape' } }],
        [1, { offline: false }],
      ],
    );
  });

  test('a broken recording is refused with its step and field', async () => {
    const tape = JSON.parse(await readFile(EXAMPLE, 'utf8'));
    tape.steps[3].client = 7;
    await ada.page.locator('input[type=file][accept*=json]').setInputFiles({
      name: 'broken.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(tape)),
    });
    await ada.page.getByText('step 4: client is not in 0 to 1').waitFor();
    assert.ok(await ada.page.getByTestId('lab-replay').isDisabled());
  });

  test('leaving the page takes its clients along', async () => {
    const id = await graphId();
    const clients = async () => {
      const { sessions } = await node.console('sessions.list', { graphId: id });
      return sessions.filter(({ name }) => /^Client [A-D]$/.test(name)).length;
    };
    await waitFor('both clients in the list of sessions', async () => (await clients()) === 2);
    await ada.go('lab');
    await ada.page.getByRole('button', { name: 'New scratch graph' }).waitFor();
    await isFit('lab-start');
    await waitFor('the clients to be gone', async () => (await clients()) === 0);
  });
});
