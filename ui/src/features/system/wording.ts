import { formatValue } from '../../shared/format';

/** Microseconds in the unit that people would choose. */
export function formatMicros(micros: number): string {
  if (micros < 1_000) return formatValue(micros, 'µs');
  if (micros < 1_000_000) return formatValue(micros / 1_000, 'ms');
  return formatValue(micros / 1_000_000, 's');
}
