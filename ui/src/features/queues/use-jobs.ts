import {
  type InfiniteData,
  type QueryClient,
  useInfiniteQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import type { JobFilter } from '../../generated/JobFilter';
import type { JobPage } from '../../generated/JobPage';
import type { JobState } from '../../generated/JobState';
import type { QueueRef } from '../../generated/QueueRef';
import type { ApiFailure } from '../../platform';
import { usePlatform } from '../../shared/platform-context';
import { isNarrowed, type JobFilters } from './queue-view';

const PAGE_JOBS = 100;
export const JOBS_MS = 3_000;

type Pages = InfiniteData<JobPage, number | undefined>;

/**
 * The jobs of a state, page by page. The list is read again only while its first page is all there
 * is and nobody reads it; after that it holds still until somebody asks for news.
 */
export function useJobs(queue: QueueRef, state: JobState, filters: JobFilters, held: boolean) {
  const platform = usePlatform();
  const client = useQueryClient();
  const key = useMemo(
    () => ['queues.jobs', queue.prefix, queue.queue, state, filters],
    [queue.prefix, queue.queue, state, filters],
  );
  const filter: JobFilter = filters;
  const query = useInfiniteQuery<JobPage, ApiFailure, Pages, typeof key, number | undefined>({
    queryKey: key,
    queryFn: ({ pageParam }) =>
      platform.rpc('queues.jobs', {
        queue,
        state,
        limit: PAGE_JOBS,
        ...(isNarrowed(filters) ? { filter } : {}),
        ...(pageParam === undefined ? {} : { offset: pageParam }),
      }),
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
  /** Starts over with the first page. */
  const readAgain = useCallback(async () => {
    client.setQueryData<Pages>(key, (data) => data && firstPage(data));
    await client.refetchQueries({ queryKey: key, exact: true });
  }, [client, key]);
  const rows = useMemo(() => distinct(query.data), [query.data]);
  return { query, rows, readAgain, progress: progressOf(query.data) };
}

function firstPage({ pages, pageParams }: Pages): Pages {
  return { pages: pages.slice(0, 1), pageParams: pageParams.slice(0, 1) };
}

/** A list that moves while it is read says some jobs twice. */
function distinct(data: Pages | undefined) {
  const seen = new Set<string>();
  return (data?.pages ?? [])
    .flatMap((page) => page.jobs)
    .filter(({ jobId }) => !seen.has(jobId) && seen.add(jobId));
}

function progressOf(data: Pages | undefined) {
  const pages = data?.pages ?? [];
  const lookedAt = pages.reduce((sum, page) => sum + page.lookedAt, 0);
  const total = pages.at(-1)?.total ?? 0;
  return { lookedAt: Math.min(lookedAt, total), total };
}

/** Takes a job out of the lists at once, wherever the reader is in them. */
export function dropJob(client: QueryClient, { prefix, queue }: QueueRef, jobId: string): void {
  client.setQueriesData<Pages>({ queryKey: ['queues.jobs', prefix, queue] }, (data) => {
    if (data === undefined) return data;
    const pages = data.pages.map((page) => {
      const jobs = page.jobs.filter((job) => job.jobId !== jobId);
      const gone = page.jobs.length - jobs.length;
      return { ...page, jobs, total: page.total - gone };
    });
    return { ...data, pages };
  });
}
