import { createContext, useContext } from 'react';
import { create } from 'zustand';
import type { GraphSession } from '../../graph/graph-session';

/** How much of each entity is drawn. */
export type Detail = 'full' | 'low';

interface CanvasState {
  /** The node whose title is being typed. */
  renaming: string | undefined;
  detail: Detail;
  searchOpen: boolean;
}

/** What the canvas shows that is nobody's data: it belongs to this window only. */
export const useCanvasState = create<CanvasState>(() => ({
  renaming: undefined,
  detail: 'full',
  searchOpen: false,
}));

export function startRename(id: string): void {
  useCanvasState.setState({ renaming: id });
}

export function stopRename(): void {
  useCanvasState.setState({ renaming: undefined });
}

const CanvasSession = createContext<GraphSession | undefined>(undefined);
export const CanvasSessionProvider = CanvasSession.Provider;

export function useCanvasSession(): GraphSession {
  const session = useContext(CanvasSession);
  if (session === undefined) throw new Error('no graph session around this component');
  return session;
}

/** Up to here every entity is a DOM element; above, a canvas draws what is far away. */
export const LARGE_GRAPH_NODES = 1500;
/** Up to here nothing is culled and edges carry arrows. */
export const SMALL_GRAPH_NODES = 300;
/** Below this zoom titles cannot be read, so they are not drawn. */
export const LOW_DETAIL_ZOOM = 0.38;
/** The same for graphs whose far view is drawn on a canvas. */
export const LARGE_LOW_DETAIL_ZOOM = 0.5;
