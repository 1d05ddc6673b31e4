import './conflicts.css';
import { Button, SegmentedControl } from '@mantine/core';
import { useCallback, useEffect, useRef } from 'react';
import type { ConflictStatus } from '../../generated/ConflictStatus';
import type { ListedConflict } from '../../generated/ListedConflict';
import { plural } from '../../shared/format';
import { Freshness } from '../../shared/freshness';
import { FailureBox, LoadingBox, StateBox } from '../../shared/state-box';
import { ConflictDetail } from './conflict-detail';
import { ConflictFilterBar } from './conflict-filters';
import { ConflictList } from './conflict-list';
import {
  activate,
  clearFilters,
  isOpen,
  keyOf,
  setFilters,
  tickOnly,
  useConflictView,
} from './conflict-view';
import { Rates, useRates } from './rates';
import { openSettleMany } from './settle-many';
import { useConflictKeys } from './use-conflict-keys';
import { AGAIN_MS, useConflicts } from './use-conflicts';
import { useSettleOne } from './use-settle';
import type { PersonChoice } from './wording';

const TABS: { value: ConflictStatus; label: string }[] = [
  { value: 'open', label: 'Open' },
  { value: 'resolved', label: 'Resolved' },
  { value: 'all', label: 'All' },
];

/** Where people meet: open conflicts to settle, settled ones to look up, and how often it happens. */
export default function ConflictsPage() {
  const filters = useConflictView((view) => view.filters);
  const rates = useRates();
  const conflicts = useConflicts(filters);
  const { query, rows, open } = conflicts;
  return (
    <div className="conflicts-page">
      <div className="conflicts-title">
        <h1 className="page-title">Conflicts</h1>
        <SegmentedControl
          size="xs"
          aria-label="Which conflicts"
          value={filters.status}
          onChange={(status) => setFilters({ status: status as ConflictStatus })}
          data={TABS.map(({ value, label }) => ({
            value,
            label: value === 'open' && open !== undefined ? `${label} (${open})` : label,
          }))}
        />
        <LastChoice />
        {query.data === undefined ? null : <Freshness reading={query} everyMs={AGAIN_MS} />}
      </div>
      <Rates query={rates} />
      <ConflictFilterBar rates={rates.data} />
      {query.data === undefined ? (
        <NoList query={query} />
      ) : rows.length === 0 ? (
        <Nothing />
      ) : (
        <ListAndDetail conflicts={conflicts} />
      )}
    </div>
  );
}

/** A line instead of a heap of toasts: one may settle many, fast. */
function LastChoice() {
  const said = useConflictView((view) => view.said);
  return (
    <span className="conflicts-said dim" role="status">
      {said}
    </span>
  );
}

function NoList({ query }: { query: ReturnType<typeof useConflicts>['query'] }) {
  if (!query.error) return <LoadingBox what="the conflicts" />;
  return (
    <FailureBox
      title="The conflicts cannot be read"
      cause={query.error}
      onRetry={() => void query.refetch()}
    />
  );
}

function Nothing() {
  const { status, ...narrowed } = useConflictView((view) => view.filters);
  if (Object.values(narrowed).some((value) => value !== undefined)) {
    return (
      <StateBox
        title="No conflict matches"
        actions={<Button onClick={clearFilters}>Clear filters</Button>}
      >
        The filters let none through.
      </StateBox>
    );
  }
  if (status === 'open') {
    return (
      <StateBox title="Nothing to settle">
        When two people write one field and their changes cannot be merged, both values wait here.
      </StateBox>
    );
  }
  return <StateBox title="No conflicts yet">Nobody has met anybody on a field so far.</StateBox>;
}

function ListAndDetail({ conflicts }: { conflicts: ReturnType<typeof useConflicts> }) {
  const { query, rows } = conflicts;
  const { active, gone } = useActive(rows, query.isPlaceholderData);
  const ticked = useTicked(rows);
  const settle = useSettleOne(rows);
  const { mutate, isPending } = settle;
  const { fetchNextPage, isFetchingNextPage } = query;
  const loadMore = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, isFetchingNextPage]);
  const choose = useCallback(
    (choice: PersonChoice, value?: unknown) => {
      if (ticked.length > 0 && choice !== 'edited') openSettleMany(ticked, choice);
      else if (active !== undefined && isOpen(active) && !gone && !isPending) {
        mutate({ conflict: active, choice, value });
      }
    },
    [ticked, active, gone, isPending, mutate],
  );
  useConflictKeys(rows, choose);
  return (
    <div className="conflicts-split">
      <div className="panel conflicts-left">
        <ListHead rows={rows} ticked={ticked} choose={choose} />
        <ConflictList rows={rows} hasMore={query.hasNextPage} loadMore={loadMore} />
      </div>
      <div className="panel conflicts-right">
        {active === undefined ? (
          <StateBox title="Choose a conflict">
            <kbd>J</kbd> and <kbd>K</kbd> go through the list.
          </StateBox>
        ) : (
          <ConflictDetail
            conflict={active}
            gone={gone}
            busy={isPending}
            onSettle={(choice, value) => mutate({ conflict: active, choice, value })}
          />
        )}
      </div>
    </div>
  );
}

/** The conflict in the detail pane. It stays there when it leaves the list: nothing jumps away. */
function useActive(rows: readonly ListedConflict[], old: boolean) {
  const key = useConflictView((view) => view.active);
  const seen = useRef<ListedConflict>(undefined);
  const found = rows.find((row) => keyOf(row) === key);
  if (found !== undefined) seen.current = found;
  const first = rows[0];
  useEffect(() => {
    const nothingSeen = seen.current === undefined || keyOf(seen.current) !== key;
    if (!old && found === undefined && nothingSeen && first) activate(keyOf(first));
  }, [found, key, first, old]);
  const last = seen.current;
  const active = found ?? (last !== undefined && keyOf(last) === key ? last : undefined);
  return { active, gone: found === undefined };
}

function useTicked(rows: readonly ListedConflict[]): ListedConflict[] {
  const ticked = useConflictView((view) => view.ticked);
  return rows.filter((row) => ticked.has(keyOf(row)) && isOpen(row));
}

function ListHead(props: {
  rows: readonly ListedConflict[];
  ticked: readonly ListedConflict[];
  choose: (choice: PersonChoice) => void;
}) {
  const { rows, ticked, choose } = props;
  const open = rows.filter(isOpen);
  const all = open.length > 0 && ticked.length === open.length;
  return (
    <div className="conflicts-list-head">
      <input
        type="checkbox"
        aria-label="Tick all open conflicts of the list"
        checked={all}
        disabled={open.length === 0}
        onChange={() => tickOnly(all ? [] : open.map(keyOf))}
      />
      {ticked.length === 0 ? (
        <span className="dim">{plural(rows.length, 'conflict')} listed</span>
      ) : (
        <>
          <span role="status">{ticked.length} ticked</span>
          <span style={{ flex: 1 }} />
          <Button size="compact-xs" variant="default" onClick={() => choose('mine')}>
            All mine…
          </Button>
          <Button size="compact-xs" variant="default" onClick={() => choose('theirs')}>
            All theirs…
          </Button>
        </>
      )}
    </div>
  );
}
