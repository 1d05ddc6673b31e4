const FIRST_MS = 250;
const MAX_MS = 10_000;

/**
 * Milliseconds to wait before attempt `attempt` (1-based): doubling from 250 ms to 10 s, of which
 * the upper half is random so that clients of a restarted server do not come back all at once.
 */
export function backoffMs(attempt: number, random: number = Math.random()): number {
  const full = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 16));
  return Math.round(full / 2 + (full / 2) * random);
}
