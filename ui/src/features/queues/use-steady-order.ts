import { useRef, useState } from 'react';
import type { QueueSummary } from '../../generated/QueueSummary';
import type { QueueSort } from './queue-view';
import { depthOf, queueKey, troubleRank } from './wording';

/** The queues in the wanted order; what is equal stands by name. */
export function sortQueues(queues: readonly QueueSummary[], sort: QueueSort): QueueSummary[] {
  return [...queues].sort(
    (one, other) =>
      compare(one, other, sort) ||
      one.queue.localeCompare(other.queue) ||
      one.prefix.localeCompare(other.prefix),
  );
}

function compare(one: QueueSummary, other: QueueSummary, sort: QueueSort): number {
  switch (sort) {
    case 'name':
      return 0;
    case 'depth':
      return depthOf(other.counts) - depthOf(one.counts);
    case 'failures':
      return (
        (other.failedShare ?? 0) - (one.failedShare ?? 0) || other.counts.failed - one.counts.failed
      );
    case 'trouble':
      return troubleRank(one.troubles) - troubleRank(other.troubles);
  }
}

/**
 * Sorts the queues, but keeps the order while somebody has the pointer on them: nobody clicks on a
 * row that has just moved away. What is new meanwhile comes last.
 */
export function useSteadyOrder(queues: readonly QueueSummary[], sort: QueueSort) {
  const [held, setHeld] = useState(false);
  const shown = useRef<{ sort: QueueSort; order: string[] }>({ sort, order: [] });
  const sorted = sortQueues(queues, sort);
  const { order } = shown.current;
  const keep = held && shown.current.sort === sort;
  const rows = keep ? inOrder(sorted, order) : sorted;
  shown.current = { sort, order: rows.map(queueKey) };
  const hold = {
    onPointerEnter: () => setHeld(true),
    onPointerLeave: () => setHeld(false),
  };
  return { rows, hold };
}

function inOrder(queues: readonly QueueSummary[], order: readonly string[]): QueueSummary[] {
  const places = new Map(order.map((key, index) => [key, index]));
  const place = (queue: QueueSummary) => places.get(queueKey(queue)) ?? order.length;
  return [...queues].sort((one, other) => place(one) - place(other));
}
