import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useMemo, useRef } from 'react';
import type { JobRow } from '../../generated/JobRow';
import type { JobState } from '../../generated/JobState';
import { formatBytes, formatDateTime, formatMoment } from '../../shared/format';
import { navigate } from '../../shared/route';
import { placeOf } from './job-pages';
import { openListed, useQueueView } from './queue-view';
import { shortId } from './wording';

const ROW_PIXELS = 48;
const ROWS_AHEAD = 8;
/** Rows that are read before they come on screen. */
const ROWS_SOON = 40;
/** Whoever only passes by asks for nothing. */
const REST_MS = 60;

interface Props {
  place: { prefix: string; queue: string };
  /** By their place; a hole is a job that was not read yet. */
  rows: readonly (JobRow | undefined)[];
  state: JobState;
  /** Told which places are looked at, once the list rests there for a moment. */
  want: (first: number, last: number) => void;
  /** Told when somebody is near the end. */
  onEnd: () => void;
  /** Told whether somebody reads the list, so that news must not move it. */
  onHeld: (held: boolean) => void;
}

/** The list on the left. Only what is on screen is drawn; news never moves what one reads. */
export function JobList({ place, rows, state, want, onEnd, onHeld }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chosen = useQueueView((view) => view.job);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PIXELS,
    getItemKey: (index) => rows[index]?.jobId ?? index,
    overscan: ROWS_AHEAD,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 1 - ROWS_AHEAD) onEnd();
  });
  useEffect(() => {
    const end = Math.min(last + ROWS_SOON, rows.length - 1);
    const timer = setTimeout(() => want(first - ROWS_SOON, end), REST_MS);
    return () => clearTimeout(timer);
  }, [first, last, rows.length, want]);
  const at = useMemo(() => placeOf(rows, chosen), [rows, chosen]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a choice scrolls, not what comes or goes
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
  }, [chosen]);
  const hold = useHold(box, onHeld);
  const open = (jobId: string) => {
    openListed(jobId);
    navigate('queues', place.prefix, place.queue, jobId);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(to, rows.length - 1));
    const row = rows[index];
    if (row === undefined) virtual.scrollToIndex(index);
    else useQueueView.setState({ job: row.jobId });
  };
  return (
    <div
      ref={box}
      className="job-list"
      role="listbox"
      aria-label="Jobs"
      aria-activedescendant={at < 0 ? undefined : `job-${chosen}`}
      tabIndex={0}
      onKeyDown={onKeyDown}
      {...hold}
    >
      <div style={{ position: 'relative', height: virtual.getTotalSize() }}>
        {items.map(({ index, key, start }) => {
          const row = rows[index];
          if (row === undefined) return <UnreadRow key={String(key)} top={start} />;
          const active = row.jobId === chosen;
          return <Row key={String(key)} {...{ row, state, active, open }} top={start} />;
        })}
      </div>
    </div>
  );
}

/** The list is read while it is scrolled, under the pointer, or has the focus. */
function useHold(box: { current: HTMLDivElement | null }, onHeld: (held: boolean) => void) {
  const pointed = useRef(false);
  const focused = useRef(false);
  const tell = () =>
    onHeld(pointed.current || focused.current || (box.current?.scrollTop ?? 0) > 0);
  const set = (which: { current: boolean }, value: boolean) => () => {
    which.current = value;
    tell();
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the end of the list lets go
  useEffect(() => () => onHeld(false), []);
  return {
    onScroll: tell,
    onPointerEnter: set(pointed, true),
    onPointerLeave: set(pointed, false),
    onFocus: set(focused, true),
    onBlur: set(focused, false),
  };
}

/** Stands where a job will be, in its shape. */
function UnreadRow({ top }: { top: number }) {
  return (
    <div className="job-row" data-unread style={{ top, height: ROW_PIXELS }} aria-hidden="true">
      <div className="job-what">
        <div className="job-unread" />
        <div className="job-unread" />
      </div>
    </div>
  );
}

interface RowProps {
  row: JobRow;
  state: JobState;
  active: boolean;
  top: number;
  open: (jobId: string) => void;
}

function Row({ row, state, active, top, open }: RowProps) {
  const { jobId, name, attemptsMade, attemptsMax, priority, dataBytes, failedReason } = row;
  const second = secondLine(row, state);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the page open the chosen option
    <div
      id={`job-${jobId}`}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      className="job-row"
      data-active={active}
      data-testid={`job-row-${jobId}`}
      style={{ top, height: ROW_PIXELS }}
      onClick={() => open(jobId)}
    >
      <div className="job-what">
        <div>
          <strong>{name}</strong>{' '}
          <span className="mono dim" title={jobId}>
            {shortId(jobId)}
          </span>
        </div>
        <div className={state === 'failed' ? 'job-reason' : 'dim'} title={second}>
          {second}
        </div>
      </div>
      <div className="job-when">
        <div className="dim" title={whenTitle(row)}>
          {formatMoment(momentOf(row, state))}
        </div>
        <div className="dim">
          {priority > 0 ? `priority ${priority} · ` : ''}
          {attemptsMade > 0 || failedReason !== null
            ? `attempt ${attemptsMade} of ${attemptsMax} · `
            : ''}
          {formatBytes(dataBytes)}
        </div>
      </div>
    </div>
  );
}

function secondLine({ failedReason, worker, graphId, dueAt }: JobRow, state: JobState): string {
  if (state === 'failed') return failedReason ?? 'no reason was given';
  if (state === 'delayed' && dueAt !== null) return `due ${formatDateTime(dueAt)}`;
  if (state === 'active') return worker ? `at ${worker}` : 'at a worker without a name';
  if (graphId !== null) return `graph ${graphId}`;
  return worker ? `by ${worker}` : 'not at a worker yet';
}

/** What the list of a state is sorted by. */
function momentOf({ addedAt, startedAt, endedAt }: JobRow, state: JobState): number {
  if (state === 'failed' || state === 'completed') return endedAt ?? addedAt;
  return state === 'active' ? (startedAt ?? addedAt) : addedAt;
}

function whenTitle({ addedAt, startedAt, endedAt }: JobRow): string {
  return [
    `added ${formatDateTime(addedAt)}`,
    ...(startedAt === null ? [] : [`started ${formatDateTime(startedAt)}`]),
    ...(endedAt === null ? [] : [`ended ${formatDateTime(endedAt)}`]),
  ].join(', ');
}
