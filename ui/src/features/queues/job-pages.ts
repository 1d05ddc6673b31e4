import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import type { JobPage } from '../../generated/JobPage';
import type { JobRow } from '../../generated/JobRow';
import type { QueueRef } from '../../generated/QueueRef';
import type { ApiFailure } from '../../platform';

export const PAGE_JOBS = 100;
export const JOBS_MS = 3_000;

/** The answers to a search, one after the other. */
export type SearchPages = InfiniteData<JobPage, number | undefined>;

/** Jobs of a state, as far as they were read. */
export interface JobsReading {
  /** By their place in the list; a hole is a job that was not read yet. */
  rows: readonly (JobRow | undefined)[];
  progress: { lookedAt: number; total: number };
  /** Whether there was an answer. */
  loaded: boolean;
  /** Whether it holds still, and may be old. */
  still: boolean;
  updatedAt: number;
  error: ApiFailure | null;
  /** What the last try ran into, while it is tried again. */
  failureReason: ApiFailure | null;
  refetch: () => unknown;
  /** Asks for the rows from one place to another. */
  want: (first: number, last: number) => void;
  /** Starts over with the news. */
  readAgain: () => Promise<void>;
  /** Where the list is a search that may go on. */
  search?: { hasMore: boolean; going: boolean; failed: boolean; goOn: () => void };
}

/** Where a job is in the list; -1 if it was not read, or none is meant. */
export function placeOf(rows: JobsReading['rows'], jobId: string | undefined): number {
  return jobId === undefined ? -1 : rows.findIndex((row) => row?.jobId === jobId);
}

function without(page: JobPage, jobId: string): JobPage {
  const jobs = page.jobs.filter((job) => job.jobId !== jobId);
  const gone = page.jobs.length - jobs.length;
  return gone === 0 ? page : { ...page, jobs, total: page.total - gone };
}

/** Takes a job out of the lists at once, wherever the reader is in them. */
export function dropJob(client: QueryClient, { prefix, queue }: QueueRef, jobId: string): void {
  client.setQueriesData<SearchPages | JobPage>(
    { queryKey: ['queues.jobs', prefix, queue] },
    (data) => {
      if (data === undefined) return data;
      if (!('pages' in data)) return without(data, jobId);
      return { ...data, pages: data.pages.map((page) => without(page, jobId)) };
    },
  );
}
