import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef } from 'react';
import type { ListedConflict } from '../../generated/ListedConflict';
import { formatClock, formatDateTime } from '../../shared/format';
import { Avatar } from '../../shared/person';
import { navigate } from '../../shared/route';
import { useEntityName } from '../../shared/use-entity-name';
import { activate, isOpen, keyOf, toggleTick, useConflictView } from './conflict-view';
import { previewOf, stateOf } from './wording';

const ROW_PIXELS = 54;
const ROWS_AHEAD = 8;
const DAY_MS = 86_400_000;

interface Props {
  rows: readonly ListedConflict[];
  hasMore: boolean;
  loadMore: () => void;
}

/** The list on the left. Only what is on screen is drawn; news never moves what one reads. */
export function ConflictList({ rows, hasMore, loadMore }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const active = useConflictView((view) => view.active);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PIXELS,
    getItemKey: (index) => keyOf(rows[index] as ListedConflict),
    overscan: ROWS_AHEAD,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - ROWS_AHEAD) loadMore();
  }, [hasMore, last, rows.length, loadMore]);
  useSteadyScroll(box, rows);
  const at = rows.findIndex((row) => keyOf(row) === active);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a choice scrolls, not what comes or goes
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
  }, [active]);

  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    const row = to === undefined ? undefined : rows[Math.max(0, Math.min(to, rows.length - 1))];
    if (row !== undefined) activate(keyOf(row));
    else if (event.key === ' ' && active !== undefined) toggleTick(active);
    else if (event.key === 'Enter' && rows[at] !== undefined) showOnGraph(rows[at]);
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={box}
      className="conflict-list"
      role="listbox"
      aria-multiselectable="true"
      aria-label="Conflicts"
      aria-activedescendant={active === undefined ? undefined : optionId(active)}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div style={{ position: 'relative', height: virtual.getTotalSize() }}>
        {items.map(({ index, key, start }) => {
          const conflict = rows[index];
          if (conflict === undefined) return null;
          return <Row key={String(key)} conflict={conflict} top={start} />;
        })}
      </div>
    </div>
  );
}

function showOnGraph({ graphId, note }: ListedConflict): void {
  navigate('graph', graphId, note.entityId);
}

const optionId = (key: string) => `conflict-${key}`;

function Row({ conflict, top }: { conflict: ListedConflict; top: number }) {
  const key = keyOf(conflict);
  const active = useConflictView((view) => view.active === key);
  const ticked = useConflictView((view) => view.ticked.has(key));
  const { note, record, userId, at, graphName } = conflict;
  const state = stateOf(conflict);
  const name = useEntityName(conflict.graphId, note.entityId);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list box handles the keys of its options
    <div
      id={optionId(key)}
      role="option"
      tabIndex={-1}
      aria-selected={ticked}
      className="conflict-row"
      data-active={active}
      data-testid={`conflict-${note.entityId}-${note.field}`}
      style={{ top, height: ROW_PIXELS }}
      onClick={() => activate(key)}
    >
      {isOpen(conflict) ? (
        // biome-ignore lint/a11y/useKeyWithClickEvents: `x` and the space bar tick the active option
        // biome-ignore lint/a11y/noStaticElementInteractions: a larger target for what the option does itself
        <span
          className="tick"
          data-on={ticked}
          onClick={(event) => {
            event.stopPropagation();
            toggleTick(key);
          }}
        />
      ) : (
        <span className="tick-room" />
      )}
      <Avatar userId={userId} />
      <div className="conflict-what">
        <div>
          <strong>{note.field}</strong> of{' '}
          {name === undefined ? <span className="mono">{note.entityId}</span> : `“${name}”`}
        </div>
        <div className="dim">
          {record ? `${previewOf(record.mine)} · ${previewOf(record.theirs)}` : `by ${userId}`}
        </div>
      </div>
      <div className="conflict-when">
        <div className="dim">
          {Date.now() - at < DAY_MS ? formatClock(at) : formatDateTime(at).slice(0, 10)}
        </div>
        <div>
          <span className="dim conflict-graph">{graphName}</span>
          <span className="state-mark" data-tone={state.tone}>
            {state.text}
          </span>
        </div>
      </div>
    </div>
  );
}

/** Keeps the row that is first on screen where it is when others come or go above it. */
function useSteadyScroll(
  box: RefObject<HTMLDivElement | null>,
  rows: readonly ListedConflict[],
): void {
  const before = useRef(rows);
  useLayoutEffect(() => {
    const element = box.current;
    const old = before.current;
    before.current = rows;
    if (element === null || element.scrollTop === 0) return;
    const first = old[Math.floor(element.scrollTop / ROW_PIXELS)];
    if (first === undefined) return;
    const was = old.indexOf(first);
    const now = rows.findIndex((row) => keyOf(row) === keyOf(first));
    if (now >= 0 && now !== was) element.scrollTop += (now - was) * ROW_PIXELS;
  }, [rows, box]);
}
