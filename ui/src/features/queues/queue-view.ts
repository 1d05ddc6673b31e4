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
}

const FRESH = { tab: 'jobs', state: undefined, filters: {}, job: undefined } as const;

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

/** Where to look first, without forgetting which job a link led to. */
export function setFirstState(state: JobState): void {
  useQueueView.setState({ state });
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
