import { create } from 'zustand';

export interface GraphAction {
  id: string;
  label: string;
  keys?: string;
  run: () => void;
}

/** What the canvas offers while it is on screen; the command palette lists it. */
export const useGraphActions = create<{ actions: GraphAction[] }>(() => ({ actions: [] }));
