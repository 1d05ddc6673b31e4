import { create } from 'zustand';

interface HistoryState {
  open: boolean;
  userId: string | undefined;
  entityId: string | undefined;
}

/** Whether the panel is there, and whose and which history it shows. */
export const useHistoryState = create<HistoryState>(() => ({
  open: false,
  userId: undefined,
  entityId: undefined,
}));

export function toggleHistory(): void {
  useHistoryState.setState(({ open }) => ({ open: !open, userId: undefined, entityId: undefined }));
}

export function closeHistory(): void {
  useHistoryState.setState({ open: false });
}

/** Opens the panel for one node or edge. */
export function showHistoryOf(entityId: string | undefined): void {
  useHistoryState.setState({ open: true, entityId });
}
