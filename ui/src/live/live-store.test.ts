import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePlatform } from '../platform/fake';
import { LiveStore, mergeEvents } from './live-store';
import { SeriesBuffers } from './series-buffers';

const series = (at: number[], values: (number | null)[]) => ({
  since: 0,
  stepMs: 1_000,
  events: [],
  series: [{ name: 'queue_depth', unit: '', help: '', metric: '', at, values }],
});

describe('the live store', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('applies all frames of one animation frame at once', () => {
    const platform = new FakePlatform();
    const live = new LiveStore(platform);
    const changed = vi.fn();
    live.store.subscribe(changed);
    for (let at = 1_000; at <= 5_000; at += 1_000) {
      platform.emit({ at, points: [{ name: 'queue_depth', value: at }] });
    }
    expect(changed).not.toHaveBeenCalled();
    vi.advanceTimersByTime(20);
    expect(changed).toHaveBeenCalledTimes(1);
    expect(live.series.last('queue_depth')).toBe(5_000);
    expect(live.store.getState().environment).toBe('test');
    live.close();
  });

  it('tells of each alert once, also while the page is hidden', () => {
    const platform = new FakePlatform();
    const live = new LiveStore(platform);
    const notice = (at: number, firing: boolean) => ({
      ruleId: 'deep',
      title: 'Too deep',
      severity: 'critical' as const,
      firing,
      text: '',
      at,
    });
    const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    platform.emit({ alerts: [notice(1, true)] });
    platform.emit({ alerts: [notice(1, true), notice(2, false)] });
    vi.advanceTimersByTime(1_000);
    expect(live.store.getState().alerts.map(({ at }) => at)).toEqual([2, 1]);
    hidden.mockRestore();
    live.close();
  });

  it('shows each event once, newest first', () => {
    const event = (id: number) => ({ id, at: id, kind: 'redis', text: `event ${id}` });
    const merged = mergeEvents(mergeEvents([], [event(1), event(2)]), [event(2), event(3)]);
    expect(merged.map(({ id }) => id)).toEqual([3, 2, 1]);
  });
});

describe('series', () => {
  it('joins the server’s history with the points that came after it', () => {
    const buffers = new SeriesBuffers();
    buffers.append(2_500, [{ name: 'queue_depth', value: 2 }]);
    buffers.append(4_000, [{ name: 'queue_depth', value: 4 }]);
    buffers.load(series([1_000, 2_000, 3_000], [1, null, 3]));
    expect(buffers.data('queue_depth')).toEqual({ at: [1, 2, 3, 4], values: [1, null, 3, 4] });
  });

  it('keeps one point per step', () => {
    const buffers = new SeriesBuffers();
    buffers.load(series([], []));
    buffers.append(1_100, [{ name: 'queue_depth', value: 1 }]);
    buffers.append(1_900, [{ name: 'queue_depth', value: 2 }]);
    buffers.append(2_000, [{ name: 'queue_depth', value: 3 }]);
    expect(buffers.data('queue_depth').values).toEqual([2, 3]);
  });
});
