import { useSyncExternalStore } from 'react';

const PLAIN_PAGES = ['overview', 'conflicts', 'settings'] as const;

export type Page = (typeof PLAIN_PAGES)[number] | 'graph' | 'lab';

export interface Route {
  page: Page;
  graphId: string | undefined;
  /** The node or edge that a link to a graph points at. */
  focus?: string;
}

/** Addresses live behind `#`, so that the window, the server and `vite dev` need no rules. */
export function parseRoute(hash: string): Route {
  const [page, graph, focus] = hash.replace(/^#\/?/, '').split('/');
  const plain = PLAIN_PAGES.find((known) => known === page);
  if (plain !== undefined) return { page: plain, graphId: undefined };
  const graphId = graph ? decodeURIComponent(graph) : undefined;
  if (page === 'lab') return { page: 'lab', graphId };
  if (!focus) return { page: 'graph', graphId };
  return { page: 'graph', graphId, focus: decodeURIComponent(focus) };
}

export function hrefOf(page: Page, graphId?: string, focus?: string): string {
  const parts = [page, graphId, focus].filter((part) => part !== undefined);
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

export function navigate(page: Page, graphId?: string, focus?: string): void {
  window.location.hash = hrefOf(page, graphId, focus);
}

let cached: { hash: string; route: Route } | undefined;

function current(): Route {
  const { hash } = window.location;
  if (cached?.hash !== hash) cached = { hash, route: parseRoute(hash) };
  return cached.route;
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, current);
}
