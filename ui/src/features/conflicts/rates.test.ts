import { describe, expect, it, vi } from 'vitest';
import { stack, summary } from './rate-chart';
import { csvOf } from './rates';

vi.mock('uplot', () => ({ default: class {} }));

const MINUTE = 60_000;
const rates = {
  since: 90_000,
  stepMs: MINUTE,
  at: [0, MINUTE, 2 * MINUTE],
  byResolution: { manual: [0, 1, 2], merge: [0, 3, 4] },
  byField: {},
  causers: [],
};

describe('figures of conflicts', () => {
  it('are stacked: the first layer holds all kinds, the last only the lowest', () => {
    const layers = stack(rates);
    expect(layers).toHaveLength(5);
    expect(layers[0]).toEqual([0, 4, 6]);
    expect(layers.at(-1)).toEqual([0, 1, 2]);
  });

  it('are said in words', () => {
    expect(summary(rates)).toBe('a person decides 3, merged 7');
    expect(summary({ ...rates, byResolution: {} })).toBe('none');
  });

  it('leave out of the file what nobody knows', () => {
    const [head, ...lines] = csvOf(rates).trimEnd().split('\n');
    expect(head).toBe('start,manual,last_write_wins,merge,client_wins,server_wins');
    expect(lines).toEqual([
      '1970-01-01T00:01:00.000Z,1,0,3,0,0',
      '1970-01-01T00:02:00.000Z,2,0,4,0,0',
    ]);
  });
});
