import { useSyncExternalStore } from 'react';

export type Page = 'overview' | 'graph' | 'settings';

export interface Route {
  page: Page;
  graphId: string | undefined;
}

/** Addresses live behind `#`, so that the window, the server and `vite dev` need no rules. */
export function parseRoute(hash: string): Route {
  const [page, rest] = hash.replace(/^#\/?/, '').split('/');
  if (page === 'overview' || page === 'settings') return { page, graphId: undefined };
  return { page: 'graph', graphId: rest ? decodeURIComponent(rest) : undefined };
}

export function hrefOf(page: Page, graphId?: string): string {
  return graphId === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(graphId)}`;
}

export function navigate(page: Page, graphId?: string): void {
  window.location.hash = hrefOf(page, graphId);
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
