import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { SystemInfo } from '../../generated/SystemInfo';
import type { FakeQueue } from '../../platform/fake/queues';
import { Bench } from './test-bench';

vi.mock('uplot', async () => (await import('./test-bench')).NO_CHART);

describe('operating a queue', { timeout: 30_000 }, () => {
  let bench: Bench;
  let queue: FakeQueue;

  beforeEach(() => {
    bench = new Bench();
    queue = bench.server.addQueue({ queue: 'mail' });
    for (let index = 0; index < 30; index += 1) {
      const error = index % 3 === 0 ? `no street ${index}` : `refused by ${index}`;
      queue.addJob({ state: 'failed', error, endedAt: queue.now - index });
    }
    queue.addJob({ state: 'waiting' });
  });

  const open = async (place = '/bull/mail') => {
    bench.open(place);
    await screen.findByText(/^Live$/);
  };
  const failed = () => queue.jobs.filter(({ state }) => state === 'failed').length;
  const dialog = () => screen.findByRole('dialog');
  const choose = async (name: RegExp) => fireEvent.click(await screen.findByRole('tab', { name }));
  const showFailed = async () => fireEvent.click(await screen.findByTestId('jobs-failed'));

  it('removes many only after a count, shows how far it is, and takes it back', async () => {
    bench.server.stepJobs = 20;
    await open();
    await showFailed();
    await bench.press('Remove all…');
    const asked = await screen.findByTestId('bulk-preview');
    expect(asked.textContent).toContain('Remove 30 jobs');
    expect(asked.textContent).toContain('5 of them, as a sample');
    expect(asked.textContent).toContain('taken back for 1 min after it is done');
    expect(failed()).toBe(30);
    fireEvent.click(within(await dialog()).getByRole('button', { name: 'Remove 30 jobs' }));
    const run = await screen.findByTestId('bulk-run');
    await waitFor(() => expect(run.textContent).toContain('20 of 30 jobs removed…'));
    await waitFor(() => expect(run.textContent).toContain('30 of 30 jobs removed'));
    expect(failed()).toBe(0);
    await waitFor(() => expect(screen.getByTestId('jobs-failed').textContent).toBe('Failed0'));
    fireEvent.click(await within(run).findByRole('button', { name: /^Undo \(\d+ s\)$/ }));
    await waitFor(() => expect(run.textContent).toContain('Taken back'));
    expect(failed()).toBe(30);
    fireEvent.click(within(run).getByLabelText('Hide this line'));
    expect(screen.queryByTestId('bulk-run')).toBeNull();
  });

  it('stops a run where it is', async () => {
    bench.server.stepJobs = 1;
    await open();
    await showFailed();
    await bench.press('Retry all…');
    fireEvent.click(await bench.button('Retry 30 jobs'));
    const run = await screen.findByTestId('bulk-run');
    fireEvent.click(await within(run).findByRole('button', { name: 'Stop' }));
    await waitFor(() => expect(run.textContent).toMatch(/Stopped: \d+ of 30 jobs retried/));
    expect(failed()).toBeGreaterThan(20);
    fireEvent.click(within(run).getByLabelText('Hide this line'));
  });

  it('says when it is too late to take it back', async () => {
    bench.server.undoMs = 1;
    await open();
    await showFailed();
    await bench.press('Remove all…');
    fireEvent.click(await bench.button('Remove 30 jobs'));
    const run = await screen.findByTestId('bulk-run');
    await waitFor(() => expect(run.textContent).toContain('cannot be taken back any more'));
    expect(within(run).queryByRole('button', { name: /^Undo/ })).toBeNull();
    fireEvent.click(within(run).getByLabelText('Hide this line'));
  });

  it('asks for the name where nothing can be taken back', async () => {
    bench.server.undoMs = null;
    await open();
    await showFailed();
    await bench.press('Remove all…');
    const remove = await bench.button('Remove 30 jobs');
    expect(screen.getByTestId('bulk-preview').textContent).toContain('cannot be taken back');
    expect(remove.disabled).toBe(true);
    fireEvent.change(screen.getByLabelText('Type “mail” to confirm'), { target: { value: 'mai' } });
    expect(remove.disabled).toBe(true);
    fireEvent.change(screen.getByLabelText('Type “mail” to confirm'), {
      target: { value: 'mail' },
    });
    expect(remove.disabled).toBe(false);
    expect(bench.asked('queues.run')).toEqual([]);
  });

  it('counts again when things have changed since the count', async () => {
    await open();
    await showFailed();
    await bench.press('Retry all…');
    const go = await bench.button('Retry 30 jobs');
    queue.jobs.pop();
    queue.jobs.pop();
    fireEvent.click(go);
    await bench.press('Count again');
    expect(await bench.button('Retry 29 jobs')).toBeDefined();
    expect(screen.queryByTestId('bulk-run')).toBeNull();
  });

  it('finds the runs of others, and its own after a reload', async () => {
    const { platform, server } = bench;
    server.stepJobs = 12;
    const all = { queue: { queue: 'mail' }, action: 'remove', state: 'failed' } as const;
    const { confirmation } = await platform.rpc('queues.preview', all);
    await platform.rpc('queues.run', { confirmation });
    await open();
    const run = await screen.findByTestId('bulk-run');
    await waitFor(() => expect(run.textContent).toContain('30 of 30 jobs removed'));
    fireEvent.click(await within(run).findByRole('button', { name: /^Undo/ }));
    await waitFor(() => expect(failed()).toBe(30));
    fireEvent.click(within(run).getByLabelText('Hide this line'));
    expect(screen.queryByTestId('bulk-run')).toBeNull();
  });

  it('offers nothing for a list without jobs, and says why', async () => {
    await open();
    await showFailed();
    await bench.button('Remove all…');
    fireEvent.change(screen.getByLabelText('Search id, name and data'), { target: { value: '~' } });
    await screen.findAllByText('No job matches');
    for (const name of ['Retry all that match…', 'Remove all that match…']) {
      expect((await bench.button(name)).disabled).toBe(true);
    }
    expect(screen.getAllByLabelText('No job matches')).toHaveLength(2);
  });

  it('takes the filter of the list along', async () => {
    await open();
    await showFailed();
    fireEvent.change(screen.getByLabelText('Search id, name and data'), { target: { value: '7' } });
    await bench.press('Retry all that match…');
    const asked = await screen.findByTestId('bulk-preview');
    expect(asked.textContent).toContain('that contain “7”');
    expect(bench.asked('queues.preview')).toMatchObject([
      { action: 'retry', state: 'failed', filter: { text: '7' } },
    ]);
  });

  it('replays a group of dead letters by its fingerprint', async () => {
    await open('/dead-letters');
    const table = await screen.findByRole('table', { name: 'Dead letters' });
    const [, first, second] = within(table).getAllByRole('row');
    expect(first?.textContent).toContain('refused by');
    expect(first?.textContent).toContain('20');
    expect(second?.textContent).toContain('no street');
    fireEvent.click(within(second as HTMLElement).getByRole('button', { name: 'Replay…' }));
    fireEvent.click(await bench.button('Retry 10 jobs'));
    await waitFor(() => expect(failed()).toBe(20));
    expect(bench.asked('queues.preview')).toMatchObject([
      { filter: { fingerprint: expect.stringContaining('no-street') } },
    ]);
    await waitFor(() => expect(within(table).getAllByRole('row')).toHaveLength(2));
    const link = within(table).getByRole('link', { name: 'Newest job' });
    fireEvent.click(link);
    act(() => {
      window.location.hash = link.getAttribute('href') ?? '';
    });
    expect((await screen.findByTestId('failed-reason')).textContent).toContain('refused by');
    expect(screen.getByTestId('jobs-failed').getAttribute('aria-checked')).toBe('true');
  });

  it('pauses after saying what that does, and resumes with one press', async () => {
    await open();
    await bench.press('Pause…');
    expect((await dialog()).textContent).toContain('1 job wait now');
    expect(queue.paused).toBe(false);
    await bench.press('Pause the queue');
    await waitFor(() => expect(screen.getByTestId('paused')).toBeDefined());
    await bench.press('Resume');
    await waitFor(() => expect(screen.queryByTestId('paused')).toBeNull());
  });

  it('sets limits, names the ones that a number breaks, and lifts them', async () => {
    queue.rateLimit = { max: 5, durationMs: 1_000 };
    await open();
    expect(screen.getByLabelText('Facts').textContent).toContain('5 per 1 s');
    await bench.press('Limits…');
    const form = await screen.findByRole('form', { name: 'Limits' });
    fireEvent.click(within(form).getByLabelText('Limit how many jobs run at once'));
    const jobs = within(form).getByLabelText('Jobs at once');
    fireEvent.change(jobs, { target: { value: '0' } });
    expect(form.textContent).toContain('Jobs at once: a whole number from 1 to 100,000');
    fireEvent.submit(form);
    expect(bench.asked('queues.configure')).toEqual([]);
    fireEvent.change(jobs, { target: { value: '8' } });
    fireEvent.click(within(form).getByLabelText('Limit how many jobs start in a time'));
    fireEvent.submit(form);
    await waitFor(() => expect(queue).toMatchObject({ concurrency: 8, rateLimit: null }));
    await waitFor(() => expect(screen.getByLabelText('Facts').textContent).toContain('8 in all'));
  });

  it('marks a deaf worker loudly, and a lock that is gone', async () => {
    const running = [{ jobId: '3', name: 'letter', since: queue.now - 61_000, lockLeftMs: null }];
    const common = { host: '10.0.0.9', ageMs: 90_000, idleMs: 600_000 };
    queue.workers = [
      { clientId: '7', name: '', deaf: true, running: [], ...common },
      { clientId: '8', name: 'w8', deaf: false, running, ...common },
    ];
    await open();
    await choose(/^Workers/);
    const deaf = await screen.findByTestId('worker-7');
    expect(within(deaf).getByRole('alert').textContent).toContain('Jobs wait and it fetches none');
    expect(screen.getByTestId('worker-8').textContent).toContain('its lock is gone');
    expect(within(screen.getByTestId('worker-8')).queryByRole('alert')).toBeNull();
  });

  it('repairs a scheduler with one press, and removes one after a question', async () => {
    queue.schedulers = [
      {
        schedulerId: 'nightly',
        jobName: 'SNAPSHOT',
        words: 'at 02:00, every day (UTC)',
        pattern: '0 2 * * *',
        everyMs: null,
        timeZone: 'UTC',
        nextRuns: [],
        runs: 4,
        fault: 'its next run is missing',
      },
    ];
    await open();
    await choose(/^Schedulers/);
    const row = await screen.findByTestId('scheduler-nightly');
    expect(row.textContent).toContain('at 02:00, every day (UTC)');
    await bench.press('Repair');
    await waitFor(() => expect(row.textContent).not.toContain('its next run is missing'));
    await bench.press('Remove…');
    expect(queue.schedulers).toHaveLength(1);
    await bench.press('Remove the scheduler');
    expect(await screen.findByText('No schedulers')).toBeDefined();
  });

  it('says why nothing can be done in read-only mode', async () => {
    bench.platform.answers['system.info'] = () =>
      ({ version: '1', readOnly: true }) as unknown as SystemInfo;
    await open();
    await showFailed();
    for (const name of ['Retry all…', 'Remove all…', 'Pause…', 'Limits…', 'Add a job…']) {
      const button = await bench.button(name);
      await waitFor(() => expect(button.disabled).toBe(true));
    }
    expect(screen.getAllByLabelText(/The server is in read-only mode/).length).toBeGreaterThan(2);
    expect(screen.getByTestId('jobs-failed')).toBeDefined();
  });

  it('says which role it takes', async () => {
    bench.platform.answers['system.info'] = () =>
      ({ version: '1', readOnly: false, role: 'editor' }) as unknown as SystemInfo;
    await open('/bull/mail/1');
    const retry = await bench.button('Retry');
    await waitFor(() => expect(retry.disabled).toBe(true));
    expect(screen.getAllByLabelText(/this takes the role operator/).length).toBeGreaterThan(2);
  });
});
