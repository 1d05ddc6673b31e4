import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import type { JobPage } from '../../generated/JobPage';
import type { JobState } from '../../generated/JobState';
import type { QueueRef } from '../../generated/QueueRef';
import type { ApiFailure } from '../../platform';
import { usePlatform } from '../../shared/platform-context';
import { JOBS_MS, type JobsReading, PAGE_JOBS, type SearchPages } from './job-pages';
import { isNarrowed, type JobFilters } from './queue-view';
import { useJobPlaces } from './use-job-places';

/** The jobs of a state: all by their place, or those that the filters let through. */
export function useJobs(
  queue: QueueRef,
  state: JobState,
  filters: JobFilters,
  held: boolean,
): JobsReading {
  const narrowed = isNarrowed(filters);
  const all = useJobPlaces(queue, state, held, !narrowed);
  const found = useFoundJobs(queue, state, filters, held);
  return narrowed ? found : all;
}

/**
 * What a search finds, page by page. It is made again only while its first page is all there is
 * and nobody reads it; after that it holds still until somebody asks for news.
 */
function useFoundJobs(
  queue: QueueRef,
  state: JobState,
  filters: JobFilters,
  held: boolean,
): JobsReading {
  const platform = usePlatform();
  const client = useQueryClient();
  const { prefix, queue: name } = queue;
  const key = useMemo(
    () => ['queues.jobs', prefix, name, state, filters],
    [prefix, name, state, filters],
  );
  const query = useInfiniteQuery<JobPage, ApiFailure, SearchPages, typeof key, number | undefined>({
    queryKey: key,
    queryFn: ({ pageParam }) =>
      platform.rpc('queues.jobs', {
        queue,
        state,
        limit: PAGE_JOBS,
        filter: filters,
        ...(pageParam === undefined ? {} : { offset: pageParam }),
      }),
    enabled: isNarrowed(filters),
    initialPageParam: undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: ({ state: { data } }) =>
      held || (data?.pages.length ?? 0) > 1 ? false : JOBS_MS,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    staleTime: 0,
    gcTime: 0,
    placeholderData: (before, asked) => (asked?.queryKey[3] === state ? before : undefined),
  });
  const { data, error, refetch, dataUpdatedAt, fetchNextPage, isFetchingNextPage } = query;
  const readAgain = useCallback(async () => {
    client.setQueryData<SearchPages>(key, (before) => before && firstPage(before));
    await client.refetchQueries({ queryKey: key, exact: true });
  }, [client, key]);
  const rows = useMemo(() => distinct(data), [data]);
  const failed = query.isFetchNextPageError;
  return {
    rows,
    progress: progressOf(data),
    loaded: data !== undefined,
    still: held || (data?.pages.length ?? 0) > 1,
    updatedAt: dataUpdatedAt,
    error: failed ? null : error,
    failureReason: query.failureReason,
    refetch,
    want: nothing,
    readAgain,
    search: {
      hasMore: query.hasNextPage,
      going: isFetchingNextPage,
      failed,
      goOn: () => void fetchNextPage(),
    },
  };
}

/** A search goes on by itself. */
function nothing(): void {}

function firstPage({ pages, pageParams }: SearchPages): SearchPages {
  return { pages: pages.slice(0, 1), pageParams: pageParams.slice(0, 1) };
}

/** A list that moves while it is read says some jobs twice. */
function distinct(data: SearchPages | undefined) {
  const seen = new Set<string>();
  return (data?.pages ?? [])
    .flatMap((page) => page.jobs)
    .filter(({ jobId }) => !seen.has(jobId) && seen.add(jobId));
}

function progressOf(data: SearchPages | undefined) {
  const pages = data?.pages ?? [];
  const lookedAt = pages.reduce((sum, page) => sum + page.lookedAt, 0);
  const total = pages.at(-1)?.total ?? 0;
  return { lookedAt: Math.min(lookedAt, total), total };
}
