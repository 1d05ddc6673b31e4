import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { App } from '../../app/app';
import type { LogLine } from '../../generated/LogLine';
import type { TaskReport } from '../../generated/TaskReport';
import { FakePlatform } from '../../platform/fake';
import { giveLayout } from '../../platform/fake/layout';
import { FakeSystem } from '../../platform/fake/system';
import { sampleWords } from './key-memory';
import { EMPTY_FEED, following, PAGE_LINES, withPage } from './log-feed';
import { hitRate } from './node-parts';
import { troubledFirst } from './task-table';
import { formatMicros } from './wording';

vi.mock('uplot', () => ({ default: class {} }));

const line = (id: number): LogLine => ({
  id,
  at: id,
  level: 'INFO',
  target: 't',
  message: `line ${id}`,
  fields: {},
});
const page = (ids: number[], lastId = ids.at(-1) ?? 0) => ({
  lines: ids.map(line),
  lastId,
  since: 1,
});
const idsOf = (lines: readonly LogLine[]) => lines.map(({ id }) => id);

describe('a log that goes on', () => {
  it('is shown as it comes, and waits while somebody reads', () => {
    const first = withPage(EMPTY_FEED, page([1, 2]), true);
    const more = withPage(first, page([3]), true);
    expect(idsOf(more.lines)).toEqual([1, 2, 3]);
    const paused = withPage(withPage(more, page([4]), false), page([5]), false);
    expect(idsOf(paused.lines)).toEqual([1, 2, 3]);
    expect(idsOf(paused.waiting)).toEqual([4, 5]);
    const again = following(paused);
    expect(idsOf(again.lines)).toEqual([1, 2, 3, 4, 5]);
    expect(again.waiting).toEqual([]);
  });

  it('shows no line twice, and remembers lines that do not match', () => {
    const first = withPage(EMPTY_FEED, page([1, 2], 9), true);
    expect(first.lastId).toBe(9);
    expect(idsOf(withPage(first, page([2, 10]), true).lines)).toEqual([1, 2, 10]);
  });

  it('says so when lines came faster than they were read', () => {
    const many = Array.from({ length: PAGE_LINES }, (_, index) => index + 1);
    const first = withPage(EMPTY_FEED, page(many), true);
    expect(first.holes).toBe(false);
    const next = many.map((id) => id + 2_000);
    expect(withPage(first, page(next), true).holes).toBe(true);
  });

  it('begins anew with a new process', () => {
    const old = withPage(EMPTY_FEED, page([100, 101]), true);
    const restarted = withPage(old, page([], 3), true);
    expect(restarted.lastId).toBeUndefined();
    expect(idsOf(withPage(restarted, page([1, 2, 3]), true).lines)).toEqual([1, 2, 3]);
  });
});

describe('the words of the system page', () => {
  const task = (name: string, state: string): TaskReport => ({
    name,
    state,
    reason: null,
    since: 0,
    lastTick: null,
    restarts: 0,
    panics: 0,
  });

  it('put tasks in trouble first', () => {
    const tasks = [task('b', 'running'), task('a', 'running'), task('d', 'restarting')];
    const sorted = troubledFirst([...tasks, task('c', 'failed')]).map(({ name }) => name);
    expect(sorted).toEqual(['c', 'd', 'a', 'b']);
  });

  it('say on how many keys a figure rests', () => {
    const sample = { keysSeen: 500, keysTotal: 2_000, families: [] };
    expect(sampleWords({ ...sample, completedAt: null })).toBe(
      'so far 500 of 2,000 keys looked at (25 %)',
    );
    expect(sampleWords({ ...sample, completedAt: 1 })).toContain('last gone through');
  });

  it('choose units, and no rate where nothing was asked', () => {
    expect([950, 12_000, 3_200_000].map(formatMicros)).toEqual(['950 µs', '12 ms', '3.20 s']);
    const cache = { name: 'c', entries: 0, entriesMax: 1, ttlMs: null, hits: 0, misses: 0 };
    expect(hitRate(cache)).toBe('not asked yet');
    expect(hitRate({ ...cache, hits: 3, misses: 1 })).toBe('75 % hits');
  });
});

describe('the system page', () => {
  let platform: FakePlatform;
  let system: FakeSystem;

  beforeEach(() => {
    giveLayout();
    localStorage.clear();
    platform = new FakePlatform();
    system = new FakeSystem(platform);
    window.location.hash = '#/system';
  });

  const open = (tab: string) => {
    window.location.hash = `#/system/${tab}`;
    render(<App platform={platform} />);
  };
  const LONG = { timeout: 10_000 };

  it('has what deserves a look on top, and facts with where they come from', async () => {
    system.redis.concerns = ['The last rewrite failed'];
    open('');
    const concerns = await screen.findByTestId('concerns', {}, LONG);
    expect(concerns.textContent).toContain('The last rewrite failed');
    const fact = screen.getByText('Fragmentation');
    expect(fact.getAttribute('title')).toBe('mem_fragmentation_ratio');
    expect(fact.nextElementSibling?.getAttribute('data-concern')).toBe('true');
    expect(screen.getByText('61 % · 120,000 · 41.5 µs')).toBeDefined();
    await waitFor(() =>
      expect(screen.getByTestId('key-memory').textContent).toContain('so far 500 of 2,000'),
    );
    expect(screen.getByTestId('slow-log').textContent).toContain('No command has taken that long');
    system.redis = { ...system.redis, slowLogThresholdUs: null };
  });

  it('says which node is silent, and is loud about workers that were built anew', async () => {
    const running = { reason: null, since: 0, lastTick: null, restarts: 0, panics: 0 };
    system.addNode({
      tasks: [
        { name: 'fine', state: 'running', ...running },
        { name: 'broken', state: 'failed', ...running, reason: 'out of memory' },
      ],
      workers: [
        {
          queue: 'graph-commands',
          name: 'w',
          state: 'running',
          concurrency: 4,
          active: 1,
          fetched: 9,
          lastFetch: null,
          rebuilds: 2,
        },
      ],
      probes: [{ name: 'broadcast', ok: false, detail: 'lost', at: 0, tookMs: null }],
    });
    system.addNode({ reportedAt: Date.now() - 60_000 });
    open('nodes');
    const card = await screen.findByTestId('node-node-1', {}, LONG);
    expect(card.textContent).toContain('answers here');
    expect(card.getAttribute('data-stale')).toBe('false');
    expect(screen.getByTestId('node-node-2').textContent).toContain('Stale: what you see is of');
    expect(within(card).getByTestId('task-broken').textContent).toContain('out of memory');
    expect(within(card).queryByTestId('task-fine')).toBeNull();
    fireEvent.click(within(card).getByText('Show all'));
    expect(within(card).getByTestId('task-fine')).toBeDefined();
    expect(within(card).getByTestId('worker-graph-commands').textContent).toContain('2 times');
    expect(card.textContent).toContain('broadcast lost');
  });

  it('follows the log, pauses when somebody scrolls away, and counts what is new', async () => {
    system.write('the first');
    open('logs');
    await screen.findByText('the first', {}, LONG);
    const state = () => screen.getByTestId('log-state').textContent;
    expect(state()).toBe('Following');
    system.write('the second');
    await screen.findByText('the second', {}, LONG);
    const list = screen.getByRole('listbox', { name: 'Lines of the log' });
    Object.defineProperty(list, 'scrollHeight', { value: 5_000, configurable: true });
    list.scrollTop = 100;
    fireEvent.scroll(list);
    await waitFor(() => expect(state()).toBe('Paused, 0 new'));
    system.write('the third');
    system.write('the fourth');
    await waitFor(() => expect(state()).toBe('Paused, 2 new'), LONG);
    expect(screen.queryByText('the third')).toBeNull();
    fireEvent.click(screen.getByText('Follow'));
    expect(await screen.findByText('the fourth')).toBeDefined();
    expect(state()).toBe('Following');
  });

  it('filters the log on the server, and shows the fields of a line', async () => {
    system.write('all is well', 'INFO');
    system.write('something broke', 'ERROR', { graph: 'g_1' });
    open('logs');
    fireEvent.click(await screen.findByText('something broke', {}, LONG));
    expect(screen.getByTestId('log-detail').textContent).toContain('g_1');
    fireEvent.change(screen.getByLabelText('Text in the line'), { target: { value: 'BROKE' } });
    await waitFor(() => expect(screen.queryByText('all is well')).toBeNull());
    const asked = platform.calls.filter(({ operation }) => operation === 'system.logs').at(-1);
    expect(asked?.payload).toMatchObject({ text: 'BROKE', level: 'info' });
    fireEvent.change(screen.getByLabelText('Text in the line'), { target: { value: 'no such' } });
    expect(await screen.findByText('No line matches')).toBeDefined();
  });

  it('shows every file of the archive before it can be saved', async () => {
    open('diagnostics');
    const part = await screen.findByTestId('diagnostics', {}, LONG);
    expect(within(part).queryByText(/^Save/)).toBeNull();
    expect(system.saved).toEqual([]);
    fireEvent.click(within(part).getByText('Put it together'));
    const content = await within(part).findByTestId('file-content');
    expect(content.textContent).toContain('{"used": 41}');
    fireEvent.click(within(part).getByText('log.txt'));
    await waitFor(() =>
      expect(within(part).getByTestId('file-content').textContent).toContain('first line'),
    );
    expect(part.textContent).toContain('the first 64 KiB of 293 KiB');
    expect(part.textContent).toContain('passwords, tokens and keys');
    expect(platform.saved).toEqual([]);
    expect(within(part).getByText('as graphy-diagnostics.zip')).toBeDefined();
    fireEvent.click(within(part).getByText('Save the archive'));
    await waitFor(() => expect(system.saved).toEqual(['p-1']));
    await waitFor(() =>
      expect(platform.saved).toEqual([
        { name: 'graphy-diagnostics.zip', mime: 'application/zip', base64: 'UEs=' },
      ]),
    );
  });

  it('says why a part cannot be read', async () => {
    platform.answers['system.redis'] = () => Promise.reject(new Error('the store is away'));
    open('redis');
    expect(await screen.findByText('The state of Redis cannot be read', {}, LONG)).toBeDefined();
    expect(screen.getByText('the store is away')).toBeDefined();
  });
});
