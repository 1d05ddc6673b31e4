import { Button } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { HistoryPage } from '../../generated/HistoryPage';
import type { GraphSession } from '../../graph/graph-session';
import type { ApiFailure } from '../../platform';
import { formatClock, formatDateTime, plural } from '../../shared/format';
import { Person } from '../../shared/person';
import type { Row } from './grouping';
import { HistoryLine } from './history-line';

const GROUP_PIXELS = 34;
const LINE_PIXELS = 30;
const ROWS_AHEAD = 10;
/** Up to here the list counts as being at its top. */
const TOP_PIXELS = 8;

interface Props {
  session: GraphSession;
  rows: readonly Row[];
  head: HistoryPage;
  undone: ReadonlyMap<number, number>;
  /** How many entries wait until the reader wants them. */
  newer: number;
  onShowNewer: () => void;
  /** Called when somebody begins or ends to read what must not move. */
  onReading: (reading: boolean) => void;
  query: {
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    isFetchNextPageError: boolean;
    error: ApiFailure | null;
    fetchNextPage: () => Promise<unknown>;
  };
}

export function HistoryList(props: Props) {
  const { rows, query, onReading } = props;
  const box = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const [scrolled, setScrolled] = useState(false);
  const reading = scrolled || opened.size > 0;
  useEffect(() => onReading(reading), [reading, onReading]);
  const virtual = useVirtualizer({
    // One more: the end says what is there, or not there, below.
    count: rows.length + 1,
    getScrollElement: () => box.current,
    estimateSize: (index) => (rows[index]?.kind === 'group' ? GROUP_PIXELS : LINE_PIXELS),
    getItemKey: (index) => rows[index]?.key ?? 'end',
    overscan: ROWS_AHEAD,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  useEffect(() => {
    if (!hasNextPage || isFetchingNextPage || isFetchNextPageError) return;
    if (last >= rows.length - ROWS_AHEAD) void fetchNextPage();
  }, [last, rows.length, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  const toggle = useCallback((key: number) => {
    setOpened((before) => {
      const next = new Set(before);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  }, []);
  const toTop = useRef(false);
  const showNewer = () => {
    toTop.current = true;
    props.onShowNewer();
  };
  // Only once the newer rows are there: until then, measuring them would shift the place again.
  useEffect(() => {
    if (!toTop.current || rows.length === 0) return;
    toTop.current = false;
    virtual.scrollToIndex(0, { align: 'start' });
  }, [rows, virtual]);

  return (
    <div className="history-body">
      {props.newer > 0 ? (
        <Button className="history-pill" size="compact-xs" radius="xl" onClick={showNewer}>
          {props.newer} new
        </Button>
      ) : null}
      <div
        ref={box}
        className="history-scroll"
        onScroll={(event) => setScrolled(event.currentTarget.scrollTop > TOP_PIXELS)}
      >
        <div style={{ position: 'relative', height: virtual.getTotalSize() }}>
          {items.map(({ index, key, start }) => (
            <div
              key={String(key)}
              ref={virtual.measureElement}
              data-index={index}
              className="history-row"
              style={{ transform: `translateY(${start}px)` }}
            >
              <RowOf {...props} row={rows[index]} opened={opened} toggle={toggle} />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

function RowOf(
  props: Props & {
    row: Row | undefined;
    opened: ReadonlySet<number>;
    toggle: (key: number) => void;
  },
) {
  const { row, session, head, undone, opened, toggle } = props;
  if (row === undefined) return <End {...props} />;
  if (row.kind === 'group') {
    return (
      <h3 className="history-group">
        <Person userId={row.userId} />
        <time
          className="dim"
          title={formatDateTime(row.at)}
          dateTime={new Date(row.at).toISOString()}
        >
          {dayAndMinute(row.at)}
        </time>
      </h3>
    );
  }
  return (
    <HistoryLine
      session={session}
      line={row.line}
      head={head}
      undone={undone}
      open={opened.has(row.line.key)}
      onToggle={toggle}
    />
  );
}

function dayAndMinute(at: number): string {
  const clock = formatClock(at).slice(0, 5);
  const today = formatDateTime(Date.now()).slice(0, 10);
  const day = formatDateTime(at).slice(0, 10);
  return day === today ? clock : `${day} ${clock}`;
}

function End({ rows, head, query }: Props) {
  if (query.isFetchNextPageError) {
    return (
      <div className="history-end" role="alert">
        The rest cannot be read: {query.error?.message}{' '}
        <button type="button" className="link-button" onClick={() => void query.fetchNextPage()}>
          Try again
        </button>
      </div>
    );
  }
  if (query.hasNextPage) return <div className="history-end dim">Loading older entries…</div>;
  if (rows.length === 0) {
    return <div className="history-end dim">Nothing has been changed that fits here.</div>;
  }
  return (
    <div className="history-end dim">
      {head.oldestVersion > 0
        ? `Older entries are not kept; the graph can go back to version ${head.oldestVersion}.`
        : `The beginning: ${plural(head.currentVersion, 'version')} in all.`}
    </div>
  );
}
