import { create } from 'zustand';
import type { ConflictStatus } from '../../generated/ConflictStatus';
import type { ListedConflict } from '../../generated/ListedConflict';
import type { ResolutionType } from '../../generated/ResolutionType';

export interface ConflictFilters {
  status: ConflictStatus;
  graphId?: string;
  field?: string;
  userId?: string;
  resolution?: ResolutionType;
  search?: string;
}

interface ConflictView {
  filters: ConflictFilters;
  minutes: number;
  /** The conflict in the detail pane, by key. */
  active: string | undefined;
  /** Those that are ticked, by key. */
  ticked: ReadonlySet<string>;
  editing: boolean;
  /** How the last choice ended. */
  said: string | undefined;
}

const NO_FILTERS: ConflictFilters = { status: 'open' };
const NOTHING_CHOSEN = { active: undefined, ticked: new Set<string>(), editing: false };

/** What this window looks at; it survives a visit to another page. */
export const useConflictView = create<ConflictView>(() => ({
  filters: NO_FILTERS,
  minutes: 60,
  said: undefined,
  ...NOTHING_CHOSEN,
}));

export function setFilters(changed: Partial<ConflictFilters>): void {
  useConflictView.setState(({ filters }) => ({
    filters: { ...filters, ...changed },
    ...NOTHING_CHOSEN,
  }));
}

export function clearFilters(): void {
  useConflictView.setState(({ filters }) => ({
    filters: { status: filters.status },
    ...NOTHING_CHOSEN,
  }));
}

export function activate(key: string | undefined): void {
  useConflictView.setState({ active: key, editing: false });
}

export function toggleTick(key: string): void {
  useConflictView.setState(({ ticked }) => {
    const next = new Set(ticked);
    if (!next.delete(key)) next.add(key);
    return { ticked: next };
  });
}

export function tickOnly(keys: Iterable<string>): void {
  useConflictView.setState({ ticked: new Set(keys) });
}

/** Conflicts that a policy settled have no id of their own. */
export function keyOf(conflict: ListedConflict): string {
  const { record, operationId, note } = conflict;
  return record?.conflictId ?? `${operationId}/${note.entityId}/${note.field}`;
}

/** Whether a person still has to decide. */
export function isOpen({ record }: ListedConflict): boolean {
  return record !== undefined && record.resolution === undefined;
}
