import { type UseQueryOptions, useQueries, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import type { JobPage } from '../../generated/JobPage';
import type { JobRow } from '../../generated/JobRow';
import type { JobState } from '../../generated/JobState';
import type { QueueRef } from '../../generated/QueueRef';
import type { ApiFailure } from '../../platform';
import { usePlatform } from '../../shared/platform-context';
import { JOBS_MS, type JobsReading, PAGE_JOBS } from './job-pages';

/** A page that left the screen is kept so long, for whoever scrolls back. */
const KEPT_MS = 30_000;
const FIRST_PAGE = [0];

/** Which pages of which list are on screen. */
interface Asked {
  key: readonly unknown[];
  pages: readonly number[];
}

type PageOptions = UseQueryOptions<JobPage, ApiFailure>;

/**
 * All jobs of a state by their place in it, however many there are: only the pages that are on
 * screen are read. They are read again only while somebody is at the beginning and reads nothing;
 * else the list holds still until somebody asks for news.
 */
export function useJobPlaces(
  queue: QueueRef,
  state: JobState,
  held: boolean,
  enabled: boolean,
): JobsReading {
  const platform = usePlatform();
  const client = useQueryClient();
  const { prefix, queue: name } = queue;
  const key = useMemo(() => ['queues.jobs', prefix, name, state, 'place'], [prefix, name, state]);
  const [asked, setAsked] = useState<Asked>({ key, pages: FIRST_PAGE });
  // Of another list one knows only its beginning.
  const wanted = asked.key === key ? asked.pages : FIRST_PAGE;
  const away = wanted.some((page) => page > 0);
  const options = (page: number): PageOptions => ({
    queryKey: [...key, page],
    queryFn: () =>
      platform.rpc('queues.jobs', {
        queue,
        state,
        limit: PAGE_JOBS,
        ...(page === 0 ? {} : { offset: page * PAGE_JOBS }),
      }),
    enabled,
    refetchInterval: held || away ? false : JOBS_MS,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    staleTime: page === 0 ? 0 : KEPT_MS,
    gcTime: KEPT_MS,
  });
  const pages = useQueries({
    queries: enabled ? wanted.map(options) : [],
    combine: (results) => ({
      data: results.map(({ data }) => data),
      updatedAt: oldestOf(results.map(({ dataUpdatedAt }) => dataUpdatedAt)),
      error: results.find((result) => result.error)?.error ?? null,
      failureReason: results.find((result) => result.failureReason)?.failureReason ?? null,
      refetch: () => Promise.all(results.map((result) => result.refetch())),
    }),
  });
  const { data, error, failureReason, updatedAt, refetch } = pages;
  const want = useCallback(
    (first: number, last: number) => {
      const [from, to] = [first, last].map((index) => Math.floor(Math.max(0, index) / PAGE_JOBS));
      setAsked((before) => {
        const known = before.key === key ? before.pages : FIRST_PAGE;
        return { key, pages: pagesFrom(known, from ?? 0, to ?? 0) };
      });
    },
    [key],
  );
  const readAgain = useCallback(async () => {
    client.removeQueries({ queryKey: key, type: 'inactive' });
    await client.refetchQueries({ queryKey: key, type: 'active' });
  }, [client, key]);
  const { rows, total } = useMemo(() => placed(wanted, data), [wanted, data]);
  return {
    rows,
    progress: { lookedAt: total, total },
    loaded: data[0] !== undefined,
    still: held || away,
    updatedAt,
    error,
    failureReason,
    refetch,
    want,
    readAgain,
  };
}

/** What is shown is as old as its oldest part. */
function oldestOf(times: readonly number[]): number {
  const known = times.filter((time) => time > 0);
  return known.length === 0 ? 0 : Math.min(...known);
}

/**
 * The pages of a part of the list, and always the first: by it one knows that there is a list while
 * others are on their way. The same pages are the same array, so that nothing is asked anew.
 */
function pagesFrom(before: readonly number[], from: number, to: number): readonly number[] {
  const part = Array.from({ length: to - from + 1 }, (_, step) => from + step);
  const pages = [...new Set([...FIRST_PAGE, ...part])];
  const same = pages.length === before.length && pages.every((page, at) => page === before[at]);
  return same ? before : pages;
}

/** A list as long as there are jobs, with holes where none were read. */
export function placed(wanted: readonly number[], pages: readonly (JobPage | undefined)[]) {
  const newest = pages
    .filter((page) => page !== undefined)
    .reduce<JobPage | undefined>(
      (best, page) => (best === undefined || page.at >= best.at ? page : best),
      undefined,
    );
  const total = newest?.total ?? 0;
  const rows: (JobRow | undefined)[] = new Array(total);
  pages.forEach((page, at) => {
    const first = (wanted[at] ?? 0) * PAGE_JOBS;
    page?.jobs.forEach((job, index) => {
      if (first + index < total) rows[first + index] = job;
    });
  });
  return { rows, total };
}
