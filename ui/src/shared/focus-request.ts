import { create } from 'zustand';

interface FocusRequest {
  graphId: string;
  /** A node, or an edge: then both its ends are meant. */
  entityId: string;
}

/** What the canvas of a graph is asked to bring into view; it clears the request when it has. */
export const useFocusRequest = create<{ request: FocusRequest | undefined }>(() => ({
  request: undefined,
}));

export function requestFocus(graphId: string, entityId: string): void {
  useFocusRequest.setState({ request: { graphId, entityId } });
}

export function clearFocusRequest(): void {
  useFocusRequest.setState({ request: undefined });
}
