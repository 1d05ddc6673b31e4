import { SegmentedControl, TextInput } from '@mantine/core';
import { useMemo } from 'react';
import type { QueueList as Queues } from '../../generated/QueueList';
import { formatDateTime, plural } from '../../shared/format';
import { Freshness } from '../../shared/freshness';
import { Icon } from '../../shared/icons';
import { NotRead, StateBox } from '../../shared/state-box';
import { QueueList } from './queue-list';
import { type QueueSort, useQueueView } from './queue-view';
import { SEARCH_FIELD, useListKeys } from './use-queue-keys';
import { LIST_MS, useQueueList } from './use-queues';
import { useSteadyOrder } from './use-steady-order';
import { describeSearch } from './wording';

const SORTS: { value: QueueSort; label: string }[] = [
  { value: 'trouble', label: 'Trouble' },
  { value: 'name', label: 'Name' },
  { value: 'depth', label: 'Depth' },
  { value: 'failures', label: 'Failures' },
];

/** All queues with what is wrong with them. */
export function QueueListView() {
  const query = useQueueList();
  const { data } = query;
  if (data === undefined) return <NotRead what="the queues" reading={query} />;
  return (
    <>
      <div className="queues-tools">
        <ListTools />
        <span className="push" />
        <Freshness reading={query} everyMs={LIST_MS} />
      </div>
      <Known list={data} />
      <Rows list={data} />
    </>
  );
}

function ListTools() {
  const { search, sort } = useQueueView();
  return (
    <>
      <TextInput
        id={SEARCH_FIELD}
        aria-label="Search queues"
        placeholder="Search queues ( / )"
        value={search}
        leftSection={<Icon name="search" size={13} />}
        onChange={(event) => useQueueView.setState({ search: event.currentTarget.value })}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
      <span className="dim">Sort by</span>
      <SegmentedControl
        size="xs"
        aria-label="Sort by"
        value={sort}
        onChange={(value) => useQueueView.setState({ sort: value as QueueSort })}
        data={SORTS}
      />
    </>
  );
}

/** Since when rates are measured, and whether there may be more queues than are listed. */
function Known({ list }: { list: Queues }) {
  const troubled = list.queues.filter(({ troubles }) => troubles.length > 0).length;
  return (
    <p className="queues-known dim" data-testid="queues-known">
      {plural(list.queues.length, 'queue')}
      {troubled > 0 ? `, ${troubled} in trouble` : ', none in trouble'}. Rates are measured since{' '}
      {formatDateTime(list.since)}. {describeSearch(list.search)}.
    </p>
  );
}

function Rows({ list }: { list: Queues }) {
  const { search, sort } = useQueueView();
  const wanted = search.trim().toLowerCase();
  const found = useMemo(
    () =>
      list.queues.filter(({ prefix, queue }) =>
        `${prefix}:${queue}`.toLowerCase().includes(wanted),
      ),
    [list.queues, wanted],
  );
  const { rows, hold } = useSteadyOrder(found, sort);
  useListKeys(rows);
  if (list.queues.length === 0) {
    return (
      <StateBox title="No queues yet">
        A queue appears here when a program adds the first job to it.
      </StateBox>
    );
  }
  if (rows.length === 0) {
    return <StateBox title="No queue matches">No name or prefix contains “{search}”.</StateBox>;
  }
  return <QueueList rows={rows} hold={hold} />;
}
