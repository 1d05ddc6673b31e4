import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import type { QueueRef } from '../../generated/QueueRef';
import { useRpcQuery } from '../../shared/use-rpc';

/** The next question is asked only after the last answer, and none while the page is hidden. */
export const LIST_MS = 3_000;
export const QUEUE_MS = 3_000;
export const DEAD_LETTERS_MS = 10_000;
export const SCHEDULERS_MS = 10_000;

export function useQueueList() {
  return useRpcQuery('queues.list', {}, { refetchInterval: LIST_MS, staleTime: 0 });
}

export function useQueue(ref: QueueRef) {
  return useRpcQuery('queues.get', ref, { refetchInterval: QUEUE_MS, staleTime: 0 });
}

export function useDeadLetters(queue: QueueRef | undefined) {
  return useRpcQuery('queues.dead_letters', queue === undefined ? {} : { queue }, {
    refetchInterval: DEAD_LETTERS_MS,
    staleTime: 0,
  });
}

export function useSchedulers(ref: QueueRef) {
  return useRpcQuery('queues.schedulers', ref, { refetchInterval: SCHEDULERS_MS, staleTime: 0 });
}

const AREAS = ['list', 'get', 'jobs', 'job', 'dead_letters', 'schedulers'] as const;
/** A list that was loaded further is not read again whole; it says of when it is. */
const PAGES_MAX = 3;

/** Reads everything that is shown of queues again, after something was changed. */
export function useReadQueuesAgain(): () => Promise<void> {
  const client = useQueryClient();
  return useCallback(async () => {
    await Promise.all(
      AREAS.map((area) =>
        client.invalidateQueries({
          queryKey: [`queues.${area}`],
          predicate: ({ state }) => pagesOf(state.data) <= PAGES_MAX,
        }),
      ),
    );
  }, [client]);
}

function pagesOf(data: unknown): number {
  const pages = (data as { pages?: unknown } | undefined)?.pages;
  return Array.isArray(pages) ? pages.length : 1;
}
