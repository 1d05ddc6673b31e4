import { useMemo } from 'react';
import type { AlertMark } from '../generated/AlertMark';
import type { AlertStatus } from '../generated/AlertStatus';
import { formatLimit, formatValue } from './format';
import { displayUnit } from './series-names';
import { useRpcQuery } from './use-rpc';

/** News come with the live stream; this is for what it may have missed. */
export const ALERTS_AGAIN_MS = 10_000;
const WORST_FIRST = ['critical', 'warning', 'info'];
const STATES = ['firing', 'pending', 'unknown', 'ok', 'off'];
const NO_MARKS: AlertMark[] = [];

/** All rules and what fired lately. Who may not see them gets an error with the code `forbidden`. */
export function useAlerts() {
  return useRpcQuery('alerts.list', {}, { refetchInterval: ALERTS_AGAIN_MS, staleTime: 0 });
}

/** The times in which alerts fired, to be shown on charts. */
export function useAlertMarks(): AlertMark[] {
  const { data } = useAlerts();
  const events = data?.events;
  return useMemo(
    () =>
      events?.map(({ ruleId, title, series, from, to }) => ({ ruleId, title, series, from, to })) ??
      NO_MARKS,
    [events],
  );
}

/** What fires first, then by how bad it is and what it is called. */
export function inOrder(rules: readonly AlertStatus[]): AlertStatus[] {
  const rank = ({ state, rule }: AlertStatus) =>
    STATES.indexOf(state) * WORST_FIRST.length + WORST_FIRST.indexOf(rule.severity);
  return [...rules].sort(
    (left, right) =>
      rank(left) - rank(right) || left.rule.title.localeCompare(right.rule.title, 'en'),
  );
}

export function isSnoozed({ snoozedUntil }: AlertStatus, now: number): boolean {
  return snoozedUntil !== null && snoozedUntil > now;
}

/** “480 ms, limit above 200 ms”. */
export function valueAgainstLimit({ rule, unit, value }: AlertStatus): string {
  const shown = displayUnit(unit);
  return `${formatValue(value, shown)}, limit ${rule.comparison} ${formatLimit(rule.limit, shown)}`;
}
