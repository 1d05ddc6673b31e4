import { describe, expect, it } from 'vitest';
import { withGaps } from './series-gaps';

describe('the charts of a queue', () => {
  it('have gaps where nobody measured, and none between one measure and the next', () => {
    const at = [1_000, 6_000, 200_000, 205_000];
    expect(withGaps({ at, values: [3, 4, 5, null] })).toEqual([
      [1, 6, 6.001, 200, 205],
      [3, 4, null, 5, null],
    ]);
  });
});
