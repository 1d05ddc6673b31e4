import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobsRequest } from '../../generated/JobsRequest';
import type { FakeQueue } from '../../platform/fake/queues';
import { Bench } from './test-bench';

vi.mock('uplot', async () => (await import('./test-bench')).NO_CHART);

describe('the jobs of a queue', { timeout: 30_000 }, () => {
  let bench: Bench;
  let queue: FakeQueue;

  beforeEach(() => {
    bench = new Bench();
    queue = bench.server.addQueue({ queue: 'mail' });
    for (let index = 0; index < 1_200; index += 1) {
      const name = index % 2 === 0 ? 'letter' : 'parcel';
      queue.addJob({ name, data: `{"to":"person${index}"}` });
    }
    queue.addJob({ jobId: 'dead', state: 'failed', error: 'no such street', data: '{"n":1}' });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const open = async (place = '/bull/mail') => {
    bench.open(place);
    await screen.findByTestId('jobs-progress');
  };
  const progress = () => screen.getByTestId('jobs-progress').textContent;
  const list = () => screen.getByRole('listbox', { name: 'Jobs' });
  const rows = () => within(list()).queryAllByRole('option');
  const requests = () => bench.asked('queues.jobs') as JobsRequest[];
  const search = (text: string) =>
    fireEvent.change(screen.getByLabelText('Search id, name and data'), {
      target: { value: text },
    });

  it('are read where somebody looks, and only those on screen are drawn', async () => {
    await open();
    await waitFor(() => expect(progress()).toBe('1,200 jobs'));
    expect(rows().length).toBeLessThan(40);
    const to = (place: number) => {
      list().scrollTop = place * 48;
      fireEvent.scroll(list());
    };
    for (const place of [300, 500, 700, 1_050]) to(place);
    await waitFor(() => expect(list().textContent).toContain('1051'));
    expect(requests().map(({ offset }) => offset)).toEqual([undefined, 1_000, 1_100]);
    to(0);
    await waitFor(() => expect(rows()[0]?.id).toBe('job-1'));
    expect(requests().at(-1)?.offset).toBe(1_100);
  });

  it('leave a place for those that were not read yet', async () => {
    await open();
    await waitFor(() => expect(rows().length).toBeGreaterThan(5));
    const answer = bench.platform.answers['queues.jobs'];
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    bench.platform.answers['queues.jobs'] = async (request) => {
      await gate;
      return (answer as NonNullable<typeof answer>)(request);
    };
    list().scrollTop = 600 * 48;
    fireEvent.scroll(list());
    await waitFor(() => expect(list().querySelector('[data-unread]')).not.toBeNull());
    go();
    await waitFor(() => expect(list().querySelector('[data-unread]')).toBeNull());
    expect(list().textContent).toContain('602');
  });

  it('are searched by the server once the typing pauses, to the end', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    await open();
    for (const text of ['p', 'person', 'person1199']) {
      search(text);
      await act(() => vi.advanceTimersByTimeAsync(150));
    }
    await waitFor(() => expect(progress()).toBe('1 found, looked at 1,200 of 1,200'));
    const texts = requests().map(({ filter }) => filter?.text);
    expect(new Set(texts)).toEqual(new Set([undefined, 'person1199']));
    expect(rows()).toHaveLength(1);
    search('nobody');
    expect(await screen.findByText('No job matches')).toBeDefined();
    await bench.press('Clear filters');
    await waitFor(() => expect(progress()).toBe('1,200 jobs'));
  });

  it('hold still while they are read, and say of when they are', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    await open();
    await waitFor(() => expect(rows().length).toBeGreaterThan(5));
    fireEvent.pointerEnter(list());
    const first = rows()[0]?.textContent;
    queue.jobs.unshift({ ...queue.jobs[0], jobId: 'news' } as (typeof queue.jobs)[number]);
    await act(() => vi.advanceTimersByTimeAsync(20_000));
    expect(screen.getByTestId('jobs-waiting').textContent).toContain('1,201');
    expect(rows()[0]?.textContent).toBe(first);
    expect(requests()).toHaveLength(1);
    fireEvent.pointerLeave(list());
    await act(() => vi.advanceTimersByTimeAsync(5_000));
    expect(rows()[0]?.textContent).toContain('news');
    fireEvent.pointerEnter(list());
    queue.jobs.shift();
    await bench.press(/read again/);
    await waitFor(() => expect(rows()[0]?.textContent).toBe(first));
  });

  it('are gone through by key, and opened', async () => {
    await open();
    await waitFor(() => expect(rows().length).toBeGreaterThan(5));
    const press = (key: string) => fireEvent.keyDown(window, { key });
    press('j');
    press('j');
    press('Enter');
    await waitFor(() => expect(window.location.hash).toBe('#/queues/bull/mail/2'));
    await screen.findByTestId('job-detail');
    press('j');
    await waitFor(() => expect(window.location.hash).toBe('#/queues/bull/mail/3'));
    press('k');
    await waitFor(() => expect(window.location.hash).toBe('#/queues/bull/mail/2'));
    press('Escape');
    await waitFor(() => expect(window.location.hash).toBe('#/queues/bull/mail'));
  });

  it('show a large value piece by piece, never whole', async () => {
    const text = 'x'.repeat(70_000);
    const { length } = queue.addJob({
      jobId: 'big',
      data: `{"a":"${text}","last":"the end"}`,
    }).data;
    await open('/bull/mail/big');
    const shown = await screen.findByTestId('job-data');
    expect(shown.textContent?.length).toBeLessThan(66_000);
    expect(
      screen.getByText(`bytes 1 to 65,536 of ${length.toLocaleString('en-GB')}`),
    ).toBeDefined();
    expect(bench.asked('queues.job_text')).toEqual([]);
    await bench.press('Load the next piece');
    await waitFor(() => expect(screen.getByTestId('job-data').textContent).toContain('the end'));
    expect(screen.getByTestId('job-data').textContent?.length).toBeLessThan(5_000);
    expect(bench.asked('queues.job_text')).toMatchObject([{ part: 'data', offset: 65_536 }]);
    expect((await bench.button('Load the next piece')).disabled).toBe(true);
    await bench.press('Piece before');
    expect(screen.getByTestId('job-data').textContent).not.toContain('the end');
  });

  it('say what happened to one, and lead to its graph', async () => {
    const commands = [
      {
        operationId: 'o-2',
        commandType: 'UPDATE_NODE',
        userId: 'ada',
        outcome: 'conflict',
        replayOf: 'o-1',
      },
    ];
    queue.addJob({
      jobId: 'held',
      state: 'active',
      graphId: 'g_7',
      startedAt: queue.now - 90_000,
      worker: 'w1',
      stalled: 2,
      logs: ['first line', 'second line'],
      commands,
    });
    await open('/bull/mail/held');
    const detail = await screen.findByTestId('job-detail');
    expect(within(detail).getByText('g_7').getAttribute('href')).toBe('#/graph/g_7');
    expect(detail.textContent).toContain('held for 1 min 30 s, no lock any more');
    expect(detail.textContent).toContain('Stalled2 times');
    expect(detail.textContent).toContain('replays o-1');
    expect(detail.textContent).toContain('first line\nsecond line');
    const remove = within(detail).getByRole('button', { name: 'Remove…' }) as HTMLButtonElement;
    expect(remove.disabled).toBe(true);
    expect(screen.getByLabelText('It is at a worker')).toBeDefined();
  });

  it('are shown among those of their state when a link leads to one', async () => {
    await open();
    await waitFor(() => expect(progress()).toBe('1,200 jobs'));
    search('person7');
    await waitFor(() => expect(progress()).toContain('found'));
    act(() => {
      window.location.hash = '#/queues/bull/mail/dead';
    });
    await waitFor(() =>
      expect(screen.getByTestId('jobs-failed').getAttribute('aria-checked')).toBe('true'),
    );
    await waitFor(() => expect(rows()[0]?.getAttribute('aria-selected')).toBe('true'));
    expect(rows()).toHaveLength(1);
    // Whoever looks at other jobs meanwhile is not called back.
    fireEvent.click(screen.getByTestId('jobs-waiting'));
    await waitFor(() => expect(progress()).toBe('1,200 jobs'));
    expect(screen.getByTestId('jobs-waiting').getAttribute('aria-checked')).toBe('true');
    expect(screen.getByTestId('job-state').textContent).toBe('Failed');
  });

  it('are retried with one press, and leave the list', async () => {
    await open('/bull/mail/dead');
    await waitFor(() => expect(rows()).toHaveLength(1));
    await bench.press('Retry');
    await waitFor(() => expect(queue.jobs.at(-1)?.state).toBe('waiting'));
    expect(await screen.findByText('No failed jobs')).toBeDefined();
    await waitFor(() => expect(screen.getByTestId('job-state').textContent).toBe('Waiting'));
  });

  it('are removed only after a question', async () => {
    await open('/bull/mail/dead');
    await bench.press('Remove…');
    const dialog = await screen.findByRole('dialog');
    expect(dialog.textContent).toContain('This cannot be taken back');
    expect(bench.asked('queues.remove_job')).toEqual([]);
    fireEvent.click(within(dialog).getByRole('button', { name: 'Remove the job' }));
    await waitFor(() => expect(window.location.hash).toBe('#/queues/bull/mail'));
    expect(queue.jobs.some(({ jobId }) => jobId === 'dead')).toBe(false);
  });

  it('are edited as JSON that is checked before it is sent', async () => {
    await open('/bull/mail/dead');
    await bench.press('Edit and retry…');
    const form = await screen.findByRole('form', { name: 'Edit and retry' });
    const field = within(form).getByLabelText('Data (JSON)');
    expect((field as HTMLTextAreaElement).value).toBe('{\n  "n": 1\n}');
    const save = within(form).getByRole('button', { name: 'Save and retry' }) as HTMLButtonElement;
    fireEvent.change(field, { target: { value: '{"n": 12345678901234567890}' } });
    expect(form.textContent).toContain('would lose digits');
    expect(save.disabled).toBe(true);
    fireEvent.change(field, { target: { value: '{"n": ' } });
    expect(form.textContent).toContain('Not JSON');
    fireEvent.submit(form);
    expect(bench.asked('queues.edit_job')).toEqual([]);
    fireEvent.change(field, { target: { value: '{"n": 2}' } });
    fireEvent.submit(form);
    await waitFor(() =>
      expect(bench.asked('queues.edit_job')).toMatchObject([{ jobId: 'dead', data: { n: 2 } }]),
    );
  });

  it('of ours are edited too, and lead nowhere: their commands go a way of their own', async () => {
    const own = bench.server.addQueue({ queue: 'graph-commands', own: true });
    own.addJob({ jobId: 'dead', state: 'failed', error: 'no graph', data: '{"commands":[]}' });
    bench.platform.answers['queues.edit_job'] = () => ({ operationId: 'operation-9' });
    await open('/bull/graph-commands/dead');
    await bench.press('Edit and retry…');
    fireEvent.submit(await screen.findByRole('form', { name: 'Edit and retry' }));
    expect(await screen.findByText('first operation operation-9')).toBeDefined();
    expect(window.location.hash).toBe('#/queues/bull/graph-commands');
  });

  it('are added within the limits of the protocol', async () => {
    await open();
    await bench.press('Add a job…');
    const form = await screen.findByRole('form', { name: 'Add a job' });
    const type = (label: string, value: string) =>
      fireEvent.change(within(form).getByLabelText(label), { target: { value } });
    type('Name', ' ');
    expect(form.textContent).toContain('Name: 1 to 200 characters');
    type('Name', 'letter');
    type('Attempts', '101');
    expect(form.textContent).toContain('Attempts: a whole number from 1 to 100');
    type('Attempts', '3');
    type('Priority, 1 is first', '2097152');
    expect(form.textContent).toContain('Priority: a whole number from 1 to 2,097,151');
    type('Priority, 1 is first', '');
    type('Data (JSON)', '{"to":"ada"}');
    fireEvent.submit(form);
    const wanted = {
      queue: { prefix: 'bull', queue: 'mail' },
      name: 'letter',
      data: { to: 'ada' },
      attempts: 3,
    };
    await waitFor(() => expect(bench.asked('queues.add_job')).toEqual([wanted]));
    await waitFor(() => expect(window.location.hash).toMatch(/^#\/queues\/bull\/mail\/\d+$/));
  });

  it('say that one is gone, and of when it is', async () => {
    await open('/bull/mail/dead');
    await screen.findByTestId('job-detail');
    await bench.press('Retry');
    queue.jobs = queue.jobs.filter(({ jobId }) => jobId !== 'dead');
    expect(await screen.findByText(/This job has left the queue/)).toBeDefined();
    act(() => {
      window.location.hash = '#/queues/bull/mail/never';
    });
    expect(await screen.findByText('This job is gone')).toBeDefined();
  });
});
