import './history.css';
import { Button, CloseButton, Select, Tooltip } from '@mantine/core';
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import type { HistoryEntry } from '../../generated/HistoryEntry';
import type { GraphSession } from '../../graph/graph-session';
import { useGraphStatus, useSession } from '../../shared/active-session';
import { plural } from '../../shared/format';
import { FailureBox, LoadingBox } from '../../shared/state-box';
import { rowsOf, undoneBy } from './grouping';
import { HistoryList } from './history-list';
import { closeHistory, useHistoryState } from './history-state';
import { useHistory } from './use-history';

/** Who changed what in the open graph, beside its canvas. */
export default function HistoryPanel() {
  const session = useSession();
  const open = useHistoryState((state) => state.open);
  if (!open || session === undefined) return null;
  return <OpenPanel session={session} key={session.graphId} />;
}

function OpenPanel({ session }: { session: GraphSession }) {
  const userId = useHistoryState((state) => state.userId);
  const entityId = useHistoryState((state) => state.entityId);
  const filter = useMemo(
    () => ({
      ...(userId === undefined ? {} : { userId }),
      ...(entityId === undefined ? {} : { entityId }),
    }),
    [userId, entityId],
  );
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === 'Escape' && !event.defaultPrevented) closeHistory();
    else if (event.key === 'ArrowDown') moveFocus(event.currentTarget, 1);
    else if (event.key === 'ArrowUp') moveFocus(event.currentTarget, -1);
    else return;
    event.stopPropagation();
  };
  return (
    <aside
      className="history-panel"
      aria-label="History"
      data-testid="history-panel"
      onKeyDown={onKeyDown}
    >
      <History
        session={session}
        filter={filter}
        key={`${userId ?? ''}/${entityId ?? ''}`}
        header={
          <header className="history-head">
            <h2 className="page-title">History</h2>
            <span style={{ flex: 1 }} />
            <CloseButton size="sm" aria-label="Close the history" onClick={closeHistory} />
          </header>
        }
      />
    </aside>
  );
}

/** Up and down go from line to line. */
function moveFocus(panel: HTMLElement, by: 1 | -1): void {
  const lines = [...panel.querySelectorAll<HTMLElement>('.history-line')];
  const at = lines.indexOf(document.activeElement as HTMLElement);
  if (at >= 0) lines[at + by]?.focus();
}

function History(props: {
  session: GraphSession;
  filter: { userId?: string; entityId?: string };
  header: ReactNode;
}) {
  const { session, filter, header } = props;
  const version = useGraphStatus(session, (status) => status.version);
  const { query, entries, head } = useHistory(session.graphId, filter, version);
  const [reading, setReading] = useState(false);
  const held = useHeldNews(entries, head?.currentVersion ?? 0, reading);
  const rows = useMemo(() => rowsOf(held.shown), [held.shown]);
  const undone = useMemo(() => undoneBy(entries), [entries]);
  return (
    <>
      {header}
      <Filters session={session} entries={entries} filter={filter} />
      {head === undefined ? (
        query.error ? (
          <FailureBox
            title="The history cannot be read"
            cause={query.error}
            onRetry={() => void query.refetch()}
          />
        ) : (
          <LoadingBox what="the history" />
        )
      ) : (
        <HistoryList
          session={session}
          rows={rows}
          head={head}
          undone={undone}
          newer={held.newer}
          onShowNewer={held.show}
          onReading={setReading}
          query={query}
        />
      )}
    </>
  );
}

/** While somebody reads further down, news waits behind a button instead of moving the text. */
function useHeldNews(entries: readonly HistoryEntry[], top: number, reading: boolean) {
  const [heldAt, setHeldAt] = useState(top);
  useEffect(() => {
    if (!reading) setHeldAt(top);
  }, [reading, top]);
  const limit = reading ? heldAt : Number.POSITIVE_INFINITY;
  const shown = useMemo(() => entries.filter((entry) => entry.version <= limit), [entries, limit]);
  return { shown, newer: entries.length - shown.length, show: () => setHeldAt(top) };
}

function Filters(props: {
  session: GraphSession;
  entries: readonly HistoryEntry[];
  filter: { userId?: string; entityId?: string };
}) {
  const { session, entries, filter } = props;
  const people = useMemo(
    () => [
      ...new Set([
        ...entries.map(({ userId }) => userId),
        ...(filter.userId ? [filter.userId] : []),
      ]),
    ],
    [entries, filter.userId],
  );
  const only = useStore(session.flow.store, (flow) => {
    const [first, second] = flow.nodes.filter((node) => node.selected);
    return second === undefined ? first?.id : undefined;
  });
  const { entityId } = filter;
  return (
    <div className="history-filters">
      <Select
        aria-label="Whose changes"
        placeholder="Everybody"
        data={people}
        value={filter.userId ?? null}
        clearable
        searchable
        comboboxProps={{ withinPortal: true }}
        onChange={(userId) => useHistoryState.setState({ userId: userId ?? undefined })}
      />
      {entityId === undefined ? (
        <Tooltip label={only ? 'Only what concerns the selected node' : 'Select one node first'}>
          <Button
            variant="default"
            disabled={only === undefined}
            onClick={() => useHistoryState.setState({ entityId: only })}
          >
            Selected node
          </Button>
        </Tooltip>
      ) : (
        <Button
          variant="light"
          title={`Only ${entityId}`}
          onClick={() => useHistoryState.setState({ entityId: undefined })}
          aria-label={`Show all again, not only ${entityId}`}
        >
          <span className="history-only">
            {session.replica.node(entityId)?.title || entityId} ×
          </span>
        </Button>
      )}
      <span className="dim" role="status">
        {plural(entries.length, 'change')} loaded
      </span>
    </div>
  );
}
