import type { ClientConditions } from './lab-client';

export type Condition = Exclude<keyof ClientConditions, 'offline'>;

/** What can be set, in its unit; the same for sliders and recordings. */
export const CONDITION_RANGES: Record<Condition, { min: number; max: number; step: number }> = {
  latencyMs: { min: 0, max: 2_000, step: 10 },
  jitterMs: { min: 0, max: 1_000, step: 10 },
  stallPercent: { min: 0, max: 50, step: 1 },
  cutEvery: { min: 0, max: 500, step: 1 },
  skewMinutes: { min: -30, max: 30, step: 1 },
};

export function isCondition(key: string): key is Condition {
  return Object.hasOwn(CONDITION_RANGES, key);
}
