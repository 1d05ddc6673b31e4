import { useLayoutEffect } from 'react';
import type { JobRow } from '../../generated/JobRow';
import type { QueueSummary } from '../../generated/QueueSummary';
import { navigate, replacePlace } from '../../shared/route';
import { isTyping } from '../../shared/shortcuts';
import { placeOf } from './job-pages';
import { openListed, useQueueView } from './queue-view';
import { queueKey } from './wording';

export const SEARCH_FIELD = 'queue-search';

type Keys = Record<string, (() => void) | undefined>;

/** Acts on keys wherever nobody is typing, and no dialog is open. */
function usePageKeys(keys: Keys): void {
  // Before the page is painted: who sees where they are now is not at where they were.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event) || document.querySelector('[role="dialog"]') !== null) return;
      if (event.key === 'Enter' && isControl(event.target)) return;
      const act = keys[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [keys]);
}

/** What has the focus and takes the key for itself. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('a, button, [role="tab"]') !== null;
}

function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}

function focusSearch(): void {
  document.getElementById(SEARCH_FIELD)?.focus();
}

/** J and K go through the queues, Enter opens the one they stand on. */
export function useListKeys(rows: readonly QueueSummary[]): void {
  const go = (step: number) => {
    const { cursor } = useQueueView.getState();
    const at = rows.findIndex((row) => queueKey(row) === cursor);
    const next = rows[at < 0 ? 0 : Math.max(0, Math.min(at + step, rows.length - 1))];
    if (next === undefined) return;
    const key = queueKey(next);
    useQueueView.setState({ cursor: key });
    // The focus goes along: Enter must not act on what had it before.
    focusOn(`tr[data-queue="${CSS.escape(key)}"] a`);
  };
  const enter = () => {
    const { cursor } = useQueueView.getState();
    const row = rows.find((one) => queueKey(one) === cursor);
    if (row !== undefined) navigate('queues', row.prefix, row.queue);
  };
  usePageKeys({ j: () => go(1), k: () => go(-1), Enter: enter, '/': focusSearch });
}

/** J and K go through the jobs; with a job open, it changes with them. */
export function useJobKeys(
  place: { prefix: string; queue: string; jobId: string | undefined },
  rows: readonly (JobRow | undefined)[],
): void {
  const { prefix, queue, jobId } = place;
  const go = (step: number) => {
    const at = placeOf(rows, useQueueView.getState().job);
    const next = rows[at < 0 ? 0 : Math.max(0, Math.min(at + step, rows.length - 1))];
    if (next === undefined) return;
    focusOn('.job-list');
    if (jobId === undefined) return useQueueView.setState({ job: next.jobId });
    openListed(next.jobId);
    replacePlace('queues', prefix, queue, next.jobId);
  };
  const enter = () => {
    const { job } = useQueueView.getState();
    if (job === undefined) return;
    openListed(job);
    navigate('queues', prefix, queue, job);
  };
  usePageKeys({ j: () => go(1), k: () => go(-1), Enter: enter, '/': focusSearch });
}

/** Esc closes the job, then the queue. */
export function useCloseKey(place: { prefix: string; queue: string; jobId: string | undefined }) {
  const { prefix, queue, jobId } = place;
  const close = () =>
    jobId === undefined ? navigate('queues') : navigate('queues', prefix, queue);
  usePageKeys({ Escape: close });
}
