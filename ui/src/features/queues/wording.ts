import type { BulkAction } from '../../generated/BulkAction';
import type { BulkPreview } from '../../generated/BulkPreview';
import type { BulkRun } from '../../generated/BulkRun';
import type { JobCounts } from '../../generated/JobCounts';
import type { JobState } from '../../generated/JobState';
import type { QueueDetail } from '../../generated/QueueDetail';
import type { QueueRef } from '../../generated/QueueRef';
import type { QueueSearch } from '../../generated/QueueSearch';
import type { QueueSummary } from '../../generated/QueueSummary';
import type { QueueTrouble } from '../../generated/QueueTrouble';
import { formatClock, formatDuration, formatShare, plural } from '../../shared/format';

export interface TroubleWords {
  label: string;
  means: string;
  todo: string;
  tone: 'alarm' | 'warn';
}

/** What each trouble is called, what it means and what to do about it; worst first. */
export const TROUBLES: Record<QueueTrouble, TroubleWords> = {
  old_peer: {
    label: 'BullMQ 5 peer',
    means: 'A program with BullMQ 5 or older shares this queue. Together they can lose jobs.',
    todo: 'Upgrade that program to BullMQ 6, or give it a queue of its own.',
    tone: 'alarm',
  },
  deaf_worker: {
    label: 'deaf worker',
    means: 'Jobs wait and workers are connected, yet nothing was fetched.',
    todo: 'Look at Workers and restart the one that is marked; Graphy rebuilds its own.',
    tone: 'alarm',
  },
  no_worker: {
    label: 'no worker',
    means: 'Jobs wait and nobody is connected who would run them.',
    todo: 'Start a worker of this queue.',
    tone: 'alarm',
  },
  failing: {
    label: 'failing',
    means: 'Of the jobs that ended in the last five minutes, more than a tenth failed.',
    todo: 'Read Dead letters: there they are grouped by their error.',
    tone: 'alarm',
  },
  broken_scheduler: {
    label: 'broken scheduler',
    means: 'The next run of a scheduler is missing or lies in the past.',
    todo: 'Open Schedulers and repair it.',
    tone: 'warn',
  },
  paused_with_jobs: {
    label: 'paused, jobs wait',
    means: 'The queue is paused while jobs wait in it.',
    todo: 'Resume it when what it was paused for is done.',
    tone: 'warn',
  },
};

const TROUBLE_ORDER = Object.keys(TROUBLES) as QueueTrouble[];

/** 0 is the worst; queues without trouble come last. */
export function troubleRank(troubles: readonly QueueTrouble[]): number {
  const ranks = troubles.map((trouble) => TROUBLE_ORDER.indexOf(trouble));
  return Math.min(TROUBLE_ORDER.length, ...ranks);
}

export interface StateWords {
  state: JobState;
  label: string;
  about: string;
  count: keyof JobCounts;
  color: string;
}

/** The states in the order of the tabs. */
export const STATES: StateWords[] = [
  words('waiting', 'Waiting', 'Waiting for a worker', 'waiting', '--g-series-2'),
  words('prioritized', 'Prioritized', 'Waiting with a priority', 'prioritized', '--g-series-4'),
  words('active', 'Active', 'At a worker', 'active', '--g-series-3'),
  words('delayed', 'Delayed', 'Waiting for their time', 'delayed', '--g-series-1'),
  words(
    'waiting-children',
    'Children',
    'Waiting for their children to end',
    'waitingChildren',
    '--g-series-5',
  ),
  words('failed', 'Failed', 'Failed for good, and still kept', 'failed', '--g-bad'),
  words('completed', 'Completed', 'Done, and still kept', 'completed', '--g-edge'),
];

function words(
  state: JobState,
  label: string,
  about: string,
  count: keyof JobCounts,
  color: string,
): StateWords {
  return { state, label, about, count, color };
}

export function stateLabel(state: JobState): string {
  return STATES.find((words) => words.state === state)?.label ?? state;
}

/** Jobs that have not ended. */
export function depthOf(counts: JobCounts): number {
  const { waiting, active, delayed, prioritized, waitingChildren } = counts;
  return waiting + active + delayed + prioritized + waitingChildren;
}

/** Jobs that could run at once if somebody fetched them. */
export function readyOf({ waiting, prioritized }: JobCounts): number {
  return waiting + prioritized;
}

/** How long until the queue is empty: jobs that are taken away by hand are no pace. */
export function emptyIn({ drainEtaMs, paused, troubles }: QueueSummary): string {
  return formatSpan(paused || troubles.includes('no_worker') ? null : drainEtaMs);
}

/** The counts in words, for those who do not see the bar. */
export function countsInWords(counts: JobCounts): string {
  return STATES.map(({ about, count }) => `${figure(counts[count])} ${about.toLowerCase()}`).join(
    '; ',
  );
}

export function figure(value: number): string {
  return value.toLocaleString('en-GB');
}

/** “840 ms”, “3.2 s”, “4 min 10 s”: the shorter a span, the closer it is told. */
export function formatSpan(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1) return '< 1 ms';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60 || seconds >= 600) return formatDuration(ms);
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)} min${rest === 0 ? '' : ` ${rest} s`}`;
}

const ID_CHARS_MAX = 24;

/** Ids that begin with a time differ at their end: of a long one, both are shown. */
export function shortId(id: string): string {
  return id.length <= ID_CHARS_MAX ? id : `${id.slice(0, 8)}…${id.slice(-8)}`;
}

export function formatRate(perSecond: number | null): string {
  if (perSecond === null) return '–';
  if (perSecond >= 100) return figure(Math.round(perSecond));
  return perSecond === 0 ? '0' : perSecond.toFixed(perSecond >= 10 ? 1 : 2);
}

export function formatFailedShare(share: number | null): string {
  return share === null ? '–' : formatShare(Number(share.toPrecision(2)));
}

/** How far the search for queues of other programs is. */
export function describeSearch({ completedAt, keysSeen, keysTotal, cut }: QueueSearch): string {
  const seen = Math.min(keysSeen, keysTotal);
  const going = `${figure(seen)} of ${figure(keysTotal)} keys looked at`;
  const state =
    completedAt === null
      ? `Still looking for queues of other programs: ${going}`
      : `All keys were searched for queues of other programs at ${formatClock(completedAt)}`;
  return cut ? `${state}; more queues were found than are shown` : state;
}

export const QUEUE_PREFIX = 'bull';
/** The queue of all edits of graphs. */
export const COMMANDS_QUEUE = 'graph-commands';

export function queueKey({ prefix = QUEUE_PREFIX, queue }: QueueRef): string {
  return `${prefix}:${queue}`;
}

/** Names the queue as requests do. */
export function refOf({ summary: { prefix, queue } }: QueueDetail): QueueRef {
  return { prefix, queue };
}

interface BulkWords {
  verb: string;
  done: string;
  danger: boolean;
}

export const BULK: Record<BulkAction, BulkWords> = {
  retry: { verb: 'Retry', done: 'retried', danger: false },
  promote: { verb: 'Promote', done: 'promoted', danger: false },
  remove: { verb: 'Remove', done: 'removed', danger: true },
};

/** Which bulk actions a state takes. */
export function actionsFor(state: JobState): BulkAction[] {
  if (state === 'active') return [];
  if (state === 'failed') return ['retry', 'remove'];
  if (state === 'delayed') return ['promote', 'remove'];
  return ['remove'];
}

/** What a bulk action will do, before it is done. */
export function announceBulk(action: BulkAction, state: JobState, queue: string, own: boolean) {
  switch (action) {
    case 'retry':
      return own
        ? 'They run anew, as soon as a worker is free. Commands get new operation ids and say what they replay, so that nothing is done twice.'
        : 'They run anew, as soon as a worker is free, with a fresh count of attempts. What an earlier attempt has half done may happen twice.';
    case 'promote':
      return 'They run as soon as a worker is free instead of at their time.';
    case 'remove':
      return own && queue === COMMANDS_QUEUE && state !== 'completed'
        ? 'They are taken out of the queue with their data. Edits in them that were not applied are lost.'
        : 'They are taken out of the queue with their data, logs and results.';
  }
}

/** For how long it can be taken back. */
export function undoWords({ undoMs }: BulkPreview): string {
  return undoMs === null
    ? 'This cannot be taken back.'
    : `It can be taken back for ${formatDuration(undoMs)} after it is done.`;
}

/** Where a bulk run stands, in one line. */
export function describeRun(run: BulkRun): string {
  const { state, action, jobs, done, skipped } = run;
  const counted = `${figure(done)} of ${plural(jobs, 'job')} ${BULK[action].done}`;
  const left = skipped > 0 ? `, ${figure(skipped)} had changed meanwhile and were left` : '';
  switch (state) {
    case 'running':
      return `${counted}…`;
    case 'done':
      return `${counted}${left}`;
    case 'stopped':
      return `Stopped: ${counted}${left}`;
    case 'failed':
      return `Failed: ${counted}${left}. ${run.error ?? ''}`.trim();
    case 'undone':
      return `Taken back: the jobs that were ${BULK[action].done} are there again`;
  }
}
