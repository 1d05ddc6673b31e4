import { create } from 'zustand';
import type { JobState } from '../../generated/JobState';

export type QueueSort = 'trouble' | 'name' | 'depth' | 'failures';
export type QueueTab = 'jobs' | 'dead-letters' | 'workers' | 'schedulers';

export interface JobFilters {
  text?: string;
  name?: string;
}

interface QueueView {
  /** What the list of queues is narrowed to. */
  search: string;
  sort: QueueSort;
  /** The queue in the list that the keys act on. */
  cursor: string | undefined;
  /** Which queue the rest is about. */
  queue: string | undefined;
  tab: QueueTab;
  /** Absent until it is known where jobs are. */
  state: JobState | undefined;
  filters: JobFilters;
  /** The job in the list that the keys act on. */
  job: string | undefined;
  /** The open job for which the list stands as it does: a link leads to another one. */
  listed: string | undefined;
}

const FRESH = {
  tab: 'jobs',
  state: undefined,
  filters: {},
  job: undefined,
  listed: undefined,
} as const;

/** What this window looks at; it survives a visit to another page. */
export const useQueueView = create<QueueView>(() => ({
  search: '',
  sort: 'trouble',
  cursor: undefined,
  queue: undefined,
  ...FRESH,
}));

/** Another queue is looked at with fresh eyes. */
export function lookAtQueue(queue: string, at: Partial<QueueView> = {}): void {
  const same = useQueueView.getState().queue === queue;
  useQueueView.setState({ ...(same ? {} : FRESH), queue, cursor: queue, ...at });
}

export function setTab(tab: QueueTab): void {
  useQueueView.setState({ tab });
}

export function setJobState(state: JobState): void {
  useQueueView.setState({ state, job: undefined });
}

/** Where to look first. */
export function setFirstState(state: JobState): void {
  useQueueView.setState({ state });
}

/** A job of the list is opened: the list stays as it is. */
export function openListed(jobId: string): void {
  useQueueView.setState({ job: jobId, listed: jobId });
}

/** A link led to a job: the list becomes that of its state, unless the job is in none. */
export function showLinked(jobId: string, state: JobState | undefined): void {
  const list = state === undefined ? {} : { state, filters: {}, job: jobId };
  useQueueView.setState({ listed: jobId, ...list });
}

export function setFilters(changed: JobFilters): void {
  useQueueView.setState(({ filters }) => ({
    filters: { ...filters, ...changed },
    job: undefined,
  }));
}

export function clearFilters(): void {
  useQueueView.setState({ filters: {}, job: undefined });
}

export function isNarrowed({ text, name }: JobFilters): boolean {
  return text !== undefined || name !== undefined;
}
