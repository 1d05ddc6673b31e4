import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { summaryOf } from '../../platform/fake/queue-shapes';
import { FakeQueue } from '../../platform/fake/queues';
import { linesOf } from './sparkline';
import { Bench } from './test-bench';
import { sortQueues } from './use-steady-order';

vi.mock('uplot', async () => (await import('./test-bench')).NO_CHART);

describe('the list of queues', () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
    bench.server.addQueue({ queue: 'alpha', own: true, more: { completed: 1_204_311 } });
    bench.server.addQueue({ queue: 'mail', prefix: 'shop', troubles: ['no_worker', 'failing'] });
    bench.server.addQueue({ queue: 'zeta', troubles: ['old_peer'], more: { waiting: 7 } });
    bench.server.addQueue({ queue: 'omega', failedShare: 0.5, more: { waiting: 90, failed: 3 } });
  });

  const names = () =>
    within(screen.getByRole('table', { name: 'Queues' }))
      .getAllByRole('link')
      .map((link) => link.textContent);
  const open = async () => {
    bench.open();
    await screen.findByTestId('queue-alpha', {}, { timeout: 10_000 });
  };
  const sortBy = (label: string) => fireEvent.click(screen.getByLabelText(label));

  it('has trouble first, and says what each means and what to do', async () => {
    await open();
    expect(names()).toEqual(['zeta', 'mail', 'alpha', 'omega']);
    const badge = within(screen.getByTestId('queue-zeta')).getByTestId('trouble-old_peer');
    expect(badge.getAttribute('aria-label')).toMatch(/can lose jobs.*Upgrade that program/);
    const known = screen.getByTestId('queues-known').textContent;
    expect(known).toContain('4 queues, 2 in trouble. Rates are measured since');
    expect(known).toContain('120,000 of 280,000 keys looked at');
  });

  it('sorts by name, depth and failures, and narrows by name and prefix', async () => {
    await open();
    sortBy('Name');
    expect(names()).toEqual(['alpha', 'mail', 'omega', 'zeta']);
    sortBy('Depth');
    expect(names()).toEqual(['omega', 'zeta', 'alpha', 'mail']);
    sortBy('Failures');
    expect(names()[0]).toBe('omega');
    fireEvent.change(screen.getByLabelText('Search queues'), { target: { value: 'SHOP:' } });
    expect(names()).toEqual(['mail']);
    fireEvent.change(screen.getByLabelText('Search queues'), { target: { value: 'nothing' } });
    expect(screen.getByText('No queue matches')).toBeDefined();
  });

  it('does not move rows under the pointer, and does when it is gone', async () => {
    await open();
    sortBy('Depth');
    const box = screen.getByRole('table', { name: 'Queues' }).parentElement as HTMLElement;
    fireEvent.pointerEnter(box);
    bench.server.queues.get('shop:mail')?.addJob({});
    Object.assign(bench.server.queues.get('shop:mail') ?? {}, { more: { waiting: 5_000 } });
    await waitFor(() => expect(screen.getByTestId('queue-mail').textContent).toContain('5,001'), {
      timeout: 8_000,
    });
    expect(names()).toEqual(['omega', 'zeta', 'alpha', 'mail']);
    fireEvent.pointerLeave(box);
    expect(names()).toEqual(['mail', 'omega', 'zeta', 'alpha']);
  }, 15_000);

  it('is gone through by key', async () => {
    await open();
    const press = (key: string) => fireEvent.keyDown(window, { key });
    press('j');
    press('j');
    press('Enter');
    await waitFor(() => expect(window.location.hash).toBe('#/queues/shop/mail'));
    expect(await screen.findByRole('heading', { name: 'mail' })).toBeDefined();
    press('Escape');
    await waitFor(() => expect(window.location.hash).toBe('#/queues'));
  });

  it('says that there are none', async () => {
    bench.server.queues.clear();
    bench.open();
    expect(await screen.findByText('No queues yet', {}, { timeout: 10_000 })).toBeDefined();
  });

  it('says why it cannot be read, and of when it is if that comes later', async () => {
    const answer = bench.platform.answers['queues.list'];
    bench.platform.answers['queues.list'] = () => Promise.reject(new Error('the store is away'));
    bench.open();
    expect(await screen.findByText('The queues cannot be read')).toBeDefined();
    bench.platform.answers['queues.list'] = answer;
    await bench.press('Try again');
    await screen.findByTestId('queue-alpha');
    bench.platform.answers['queues.list'] = () => Promise.reject(new Error('the store is away'));
    const stale = await screen.findByText(/^Stale: what you see is of/, {}, { timeout: 8_000 });
    expect(stale).toBeDefined();
    expect(names()).toHaveLength(4);
  }, 15_000);

  it('asks for nothing while an answer is outstanding', async () => {
    const waiting: (() => void)[] = [];
    const list = bench.platform.answers['queues.list'];
    bench.platform.answers['queues.list'] = (payload) =>
      new Promise((resolve, reject) => {
        waiting.push(() => {
          Promise.resolve(list?.(payload)).then((answer) => answer && resolve(answer), reject);
        });
      });
    vi.useFakeTimers({ shouldAdvanceTime: true });
    bench.open();
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bench.asked('queues.list')).toHaveLength(1);
    waiting[0]?.();
    await vi.advanceTimersByTimeAsync(4_000);
    expect(bench.asked('queues.list')).toHaveLength(2);
    vi.useRealTimers();
  });

  it('asks for nothing while the page is hidden', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    bench.open();
    await vi.waitFor(() => expect(screen.getByTestId('queue-alpha')).toBeDefined());
    const see = (visibilityState: string) => {
      Object.defineProperty(document, 'visibilityState', {
        value: visibilityState,
        configurable: true,
      });
      window.dispatchEvent(new Event('visibilitychange'));
      document.dispatchEvent(new Event('visibilitychange'));
    };
    see('hidden');
    const before = bench.asked('queues.list').length;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(bench.asked('queues.list')).toHaveLength(before);
    see('visible');
    await vi.advanceTimersByTimeAsync(4_000);
    expect(bench.asked('queues.list').length).toBeGreaterThan(before);
    vi.useRealTimers();
  });
});

describe('the order and the lines of the list', () => {
  it('stands by name where nothing else decides', () => {
    const queues = ['c', 'a', 'b'].map((queue) =>
      summaryOf(Object.assign(new FakeQueue(), { queue })),
    );
    expect(sortQueues(queues, 'trouble').map(({ queue }) => queue)).toEqual(['a', 'b', 'c']);
  });

  it('draws gaps where nothing was measured, and a dot for what stands alone', () => {
    expect(linesOf([0, 1, null, 1, null, 0, 1]).match(/M/g)).toHaveLength(3);
    expect(linesOf([null, 4, null])).toContain('h1');
    expect(linesOf([])).toBe('');
  });
});
