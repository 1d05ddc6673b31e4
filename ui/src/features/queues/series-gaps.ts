import type { Series } from '../../generated/Series';

/** A queue is measured only while somebody looks: a longer silence is no straight line. */
const SILENCE_MS = 15_000;

/** Times in seconds and their values, with nothing where nothing was measured. */
export function withGaps({
  at,
  values,
}: Pick<Series, 'at' | 'values'>): [number[], (number | null)[]] {
  const seconds: number[] = [];
  const shown: (number | null)[] = [];
  for (const [index, ms] of at.entries()) {
    const before = at[index - 1];
    if (before !== undefined && ms - before > SILENCE_MS) {
      seconds.push((before + 1) / 1000);
      shown.push(null);
    }
    seconds.push(ms / 1000);
    shown.push(values[index] ?? null);
  }
  return [seconds, shown];
}
