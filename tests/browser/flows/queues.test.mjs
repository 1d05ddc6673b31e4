// The Queues page on a real server: our queues, and those of a program that somebody else wrote.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { clearForeign, foreignJob, foreignQueue } from '../support/foreign-queue.mjs';
import { namelessControls, overflow, untilStill, weakText } from '../support/inspect.mjs';
import { Node } from '../support/node.mjs';
import { waitFor, waitForValue } from '../support/wait.mjs';

/** The search rests between its passes. */
const SEARCH_MS = 90_000;
const NARROW = { width: 1000, height: 700 };
const FAILED = [
  ...Array.from({ length: 12 }, (_, index) => `no street of the name ${index}`),
  ...Array.from({ length: 5 }, (_, index) => `connect ETIMEDOUT 10.0.0.${index}:25`),
];

describe('the queues page', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let operator;

  before(async () => {
    node = await Node.start();
    await foreignQueue(node, 'unheard-of', { waiting: 1, prefix: 'other' });
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    await clearForeign(node);
    await foreignQueue(node, 'mail', { waiting: 350, failed: FAILED });
    // Who asks for a queue by its name does not wait for the search to come by.
    await node.console('queues.get', mail);
    operator = await Person.arrive(browser);
  });

  afterEach(() => operator.leave());

  const mail = { prefix: 'shop', queue: 'mail' };
  const counts = () => node.console('queues.get', mail).then(({ summary }) => summary.counts);
  const untilCount = (state, wanted) =>
    waitForValue(`${state} jobs`, async () => (await counts())[state], wanted);
  const row = (id) => operator.page.getByTestId(`job-row-${id}`);
  const dialog = () => operator.page.getByRole('dialog');
  const press = (name) =>
    operator.page.getByRole('button', { name, exact: typeof name === 'string' }).click();
  const progress = () => operator.page.getByTestId('jobs-progress').innerText();

  async function openMail(place = '') {
    await operator.signIn(node, `queues/shop/mail${place}`);
    await operator.page.getByRole('heading', { name: 'mail', exact: true }).waitFor();
  }

  test('lists ours and those of others, trouble first', async () => {
    await operator.signIn(node, 'queues');
    const foreign = operator.page.getByTestId('queue-mail');
    await foreign.getByTestId('trouble-no_worker').waitFor();
    await foreign.getByText('foreign, shop:').waitFor();
    assert.match(await foreign.innerText(), /350/);
    await operator.page.getByTestId('queue-graph-commands').getByText('own').waitFor();
    // Nobody named this one: the search in the key space finds it.
    await operator.page.getByTestId('queue-unheard-of').waitFor({ timeout: SEARCH_MS });
    const first = operator.page.locator('.queue-table tbody tr').first();
    assert.match(await first.innerText(), /no worker/);
    await foreign.getByTestId('trouble-no_worker').hover();
    await operator.page.getByText('Start a worker of this queue.').waitFor();
    await operator.page.keyboard.press('j');
    await operator.page.keyboard.press('Enter');
    await operator.page.getByRole('heading', { name: 'mail', exact: true }).waitFor();
  });

  test('goes through many jobs, and searches on the server', async () => {
    await openMail();
    await waitForValue('how many there are', progress, '350 jobs');
    const list = operator.page.getByRole('listbox', { name: 'Jobs' });
    await list.evaluate((box) => box.scrollTo({ top: box.scrollHeight }));
    await row(350).waitFor();
    assert.ok((await list.getByRole('option').count()) < 60, 'only what is on screen is drawn');
    await operator.page.getByLabel('Search id, name and data').fill('person349@');
    await waitForValue('what is found', progress, '1 found, looked at 350 of 350');
    await list.getByRole('option').click();
    await operator.page.getByTestId('job-data').getByText('person349@example.org').waitFor();
    await operator.page.keyboard.press('Escape');
    await operator.page.getByText('Choose a job').waitFor();
  });

  test('removes what matches after a count, and takes it back', async () => {
    await openMail();
    await operator.page.getByLabel('Name of the job').first().click();
    await operator.page.getByRole('option', { name: 'parcel', exact: true }).click();
    await press('Remove all that match…');
    await dialog().getByText('Remove 175 jobs').first().waitFor();
    assert.equal((await counts()).waiting, 350, 'nothing is done before it is confirmed');
    await dialog().getByRole('button', { name: 'Remove 175 jobs' }).click();
    const run = operator.page.getByTestId('bulk-run').first();
    await run.getByText('175 of 175 jobs removed').waitFor();
    await untilCount('waiting', 175);
    await operator.page.getByText('No job matches').waitFor();
    await run.getByRole('button', { name: /^Undo/ }).click();
    await run.getByText(/^mail Taken back/).waitFor();
    await untilCount('waiting', 350);
  });

  test('finds what can be taken back after the page was loaded again', async () => {
    const request = { queue: mail, action: 'remove', state: 'failed', filter: {} };
    const { confirmation } = await node.console('queues.preview', request);
    await node.console('queues.run', { confirmation });
    await openMail();
    const run = operator.page.getByTestId('bulk-run');
    await run.getByText(/17 of 17 jobs removed/).waitFor();
    await operator.page.reload();
    await run.getByRole('button', { name: /^Undo/ }).click();
    await untilCount('failed', FAILED.length);
  });

  test('shows the job that a link leads to among those of its state', async () => {
    await openMail();
    await operator.page.getByLabel('Search id, name and data').fill('person349@');
    await waitForValue('what is found', progress, '1 found, looked at 350 of 350');
    await operator.go('queues/shop/mail/351');
    await row(351).waitFor();
    const chosen = operator.page.getByRole('radio', { checked: true });
    assert.match(await chosen.innerText(), /^Failed/);
    await row(351).and(operator.page.locator('[aria-selected="true"]')).waitFor();
  });

  test('replays dead letters by what went wrong', async () => {
    await operator.signIn(node, 'queues/dead-letters');
    // The jobs that the dialog shows are rows as well.
    const groups = operator.page.getByRole('table', { name: 'Dead letters' });
    const group = groups.getByRole('row', { name: /no street/ });
    await group.getByText('12', { exact: true }).waitFor();
    await group.getByRole('button', { name: 'Replay…' }).click();
    await dialog().getByRole('button', { name: 'Retry 12 jobs' }).click();
    await untilCount('failed', 5);
    await untilCount('waiting', 362);
    await group.waitFor({ state: 'detached' });
    await groups.getByRole('row', { name: /ETIMEDOUT/ }).getByText('Newest job').click();
    await operator.page.getByTestId('failed-reason').getByText(/ETIMEDOUT/).waitFor();
    await press('Retry');
    await untilCount('failed', 4);
  });

  test('edits what failed, adds and removes one', async () => {
    await openMail('/351');
    await operator.page.getByText('at deliver (mail.js:1:1)').waitFor();
    await press('Edit and retry…');
    const save = dialog().getByRole('button', { name: 'Save and retry' });
    await dialog().getByLabel('Data (JSON)').fill('{"street": ');
    await dialog().getByText(/^Not JSON/).waitFor();
    assert.equal(await save.isDisabled(), true);
    await dialog().getByLabel('Data (JSON)').fill('{"street": "mended"}');
    await save.click();
    await untilCount('failed', FAILED.length - 1);
    await operator.page.getByTestId('job-data').getByText('mended').waitFor();

    await press('Add a job…');
    await dialog().getByLabel('Name').fill('postcard');
    await dialog().getByLabel('Delay, ms').fill('3600000');
    await dialog().getByRole('button', { name: 'Add the job' }).click();
    await operator.page.getByTestId('job-state').getByText('Delayed').waitFor();
    await untilCount('delayed', 1);
    await press('Promote');
    await untilCount('delayed', 0);
    await press('Remove…');
    await dialog().getByText(/This cannot be taken back/).waitFor();
    await dialog().getByRole('button', { name: 'Remove the job' }).click();
    await untilCount('waiting', 351);
  });

  test('never draws a large value whole', async () => {
    const data = JSON.stringify({ text: 'ä'.repeat(60_000), end: 'the end' });
    await foreignJob(node, { queue: 'mail', id: 'big', data });
    await openMail('/big');
    const shown = operator.page.getByTestId('job-data');
    await shown.getByText(/ää/).waitFor();
    assert.ok((await shown.innerText()).length <= 65_536);
    await press('Load the next piece');
    await shown.getByText(/the end/).waitFor();
    assert.ok((await shown.innerText()).length <= 65_536);
    assert.ok(!(await shown.innerText()).includes('�'), 'no letter is cut in two');
  });

  test('pauses, limits and resumes', async () => {
    await openMail();
    await press('Pause…');
    await dialog().getByText(/350 jobs wait now/).waitFor();
    await dialog().getByRole('button', { name: 'Pause the queue' }).click();
    await operator.page.getByTestId('paused').waitFor();
    assert.equal((await node.console('queues.get', mail)).summary.paused, true);
    await press('Limits…');
    await dialog().getByLabel('Limit how many jobs run at once').check();
    await dialog().getByLabel('Jobs at once').fill('100001');
    await dialog().getByText('Jobs at once: a whole number from 1 to 100,000').waitFor();
    await dialog().getByLabel('Jobs at once').fill('7');
    await dialog().getByRole('button', { name: 'Set the limits' }).click();
    await operator.page.getByText('7 in all').waitFor();
    assert.equal((await node.console('queues.get', mail)).concurrency, 7);
    await press('Resume');
    await operator.page.getByTestId('paused').waitFor({ state: 'detached' });
    assert.equal((await node.console('queues.get', mail)).summary.paused, false);
  });

  test('does not move what somebody reads', async () => {
    await openMail();
    await row(1).waitFor();
    await row(3).hover();
    const before = await row(3).boundingBox();
    await node.console('queues.remove_job', { queue: mail, jobId: '1' });
    await operator.page.getByTestId('jobs-waiting').getByText('349').waitFor();
    assert.deepEqual(await row(3).boundingBox(), before);
    await press(/read again/);
    await row(1).waitFor({ state: 'detached' });
  });

  test('is at home among a hundred thousand jobs', async () => {
    await foreignQueue(node, 'crowd', { waiting: 100_000 });
    await operator.signIn(node, 'queues/shop/crowd');
    await waitForValue('how many there are', progress, '100,000 jobs');
    const jobs = operator.page.getByRole('listbox', { name: 'Jobs' });
    for (const share of [0.5, 1, 0.25, 0]) {
      await jobs.evaluate((box, to) => box.scrollTo({ top: to * box.scrollHeight }), share);
      await row(Math.max(1, share * 100_000)).waitFor();
      await waitForValue('places without a job', () => jobs.locator('[data-unread]').count(), 0);
    }
    await operator.page.getByLabel('Search id, name and data').fill('nobody like that');
    await waitForValue('the search', progress, /^0 found, looked at [\d,]+ of 100,000$/);
    await press('Stop the search');
    await operator.page.getByRole('button', { name: 'Go on', exact: true }).click();
    await operator.page.getByText('No job matches').waitFor({ timeout: 60_000 });
    await operator.page.getByLabel('Search id, name and data').fill('person99999@');
    const list = operator.page.getByRole('listbox', { name: 'Jobs' });
    await list.getByRole('option').first().waitFor({ timeout: 60_000 });
    await list.getByRole('option').first().click();
    await operator.page.getByTestId('job-data').getByText('person99999@example.org').waitFor();
  });

  test('leads from a job of ours to its graph', async () => {
    const graphId = await node.newGraph('Plan');
    const queue = { queue: 'graph-commands' };
    await node.console('queues.pause', queue);
    await node.command(graphId, 'CREATE_NODE', { id: 'first', title: 'First' });
    await operator.signIn(node, 'queues/bull/graph-commands');
    await operator.page.getByTestId('paused').waitFor();
    await operator.page.getByRole('option').first().click();
    const detail = operator.page.getByTestId('job-detail');
    await detail.getByRole('row', { name: /CREATE_NODE/ }).waitFor();
    await press('Resume');
    await operator.page.getByTestId('paused').waitFor({ state: 'detached' });
    await detail.getByText('show the graph').click();
    await operator.canvas.node('first').waitFor();
    await node.console('graphs.delete', { graphId });
  });

  for (const theme of ['light', 'dark']) {
    test(`is fit to be seen, ${theme}`, async () => {
      await operator.leave();
      operator = await Person.arrive(browser, { colorScheme: theme });
      await operator.signIn(node, 'queues');
      await operator.page.getByTestId('queue-mail').waitFor();
      await isFit(`queues-${theme}`);
      await operator.go('queues/dead-letters');
      await operator.page.getByRole('row', { name: /no street/ }).waitFor();
      await isFit(`queues-dead-letters-${theme}`);
      await operator.go('queues/shop/mail');
      await operator.page.getByTestId('jobs-failed').click();
      await row(351).click();
      await operator.page.getByTestId('job-detail').waitFor();
      await isFit(`queues-job-${theme}`);
      await press('Remove all…');
      await dialog().getByRole('button', { name: /^Remove \d+ jobs$/ }).waitFor();
      await isFit(`queues-bulk-${theme}`);
      await operator.page.keyboard.press('Escape');
      await dialog().waitFor({ state: 'detached' });
      for (const tab of ['Workers', 'Schedulers']) {
        await operator.page.getByRole('tab', { name: tab }).click();
        await isFit(`queues-${tab.toLowerCase()}-${theme}`);
      }
      await operator.go('queues/bull/graph-commands');
      await operator.page.getByRole('heading', { name: 'graph-commands' }).waitFor();
      await operator.page.getByRole('tab', { name: 'Workers' }).click();
      await operator.page.getByRole('table', { name: 'Workers' }).waitFor();
      await isFit(`queues-own-workers-${theme}`);
      await operator.page.setViewportSize(NARROW);
      await operator.go('queues');
      await operator.page.getByTestId('queue-mail').waitFor();
      await isFit(`queues-narrow-${theme}`);
    });
  }

  async function isFit(name) {
    await untilStill(operator.page);
    await operator.screenshot(name);
    assert.deepEqual(await namelessControls(operator.page), [], 'controls without a name');
    assert.deepEqual(await weakText(operator.page), [], 'text that is hard to read');
    assert.ok((await overflow(operator.page)) <= 0, 'the page fits the window');
  }
});
