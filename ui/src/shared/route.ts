import { useSyncExternalStore } from 'react';

const PLAIN_PAGES = [
  'overview',
  'conflicts',
  'queues',
  'alerts',
  'system',
  'audit',
  'reports',
  'settings',
] as const;

export type Page = (typeof PLAIN_PAGES)[number] | 'graph' | 'lab';

export interface Route {
  page: Page;
  graphId: string | undefined;
  /** The node or edge that a link to a graph points at. */
  focus?: string;
  /** What follows the name of a page that has places of its own. */
  place?: string[];
}

/** Addresses live behind `#`, so that the window, the server and `vite dev` need no rules. */
export function parseRoute(hash: string): Route {
  const [page, ...rest] = hash.replace(/^#\/?/, '').split('/');
  const [graph, focus] = rest;
  const plain = PLAIN_PAGES.find((known) => known === page);
  if (plain !== undefined) {
    const place = placeOf(rest);
    return { page: plain, graphId: undefined, ...(place.length === 0 ? {} : { place }) };
  }
  const graphId = graph ? decodeURIComponent(graph) : undefined;
  if (page === 'lab') return { page: 'lab', graphId };
  if (!focus) return { page: 'graph', graphId };
  return { page: 'graph', graphId, focus: decodeURIComponent(focus) };
}

/** An address that somebody broke by hand leads to the page itself. */
function placeOf(parts: readonly string[]): string[] {
  try {
    return parts.filter((part) => part !== '').map(decodeURIComponent);
  } catch {
    return [];
  }
}

/** `place` is the graph and what to look at there, or the place in a page that has some. */
export function hrefOf(page: Page, ...place: (string | undefined)[]): string {
  const parts = [page, ...place].filter((part) => part !== undefined);
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

export function navigate(page: Page, ...place: (string | undefined)[]): void {
  window.location.hash = hrefOf(page, ...place);
}

/** Like `navigate`, but “back” does not lead here again. */
export function replacePlace(page: Page, ...place: (string | undefined)[]): void {
  window.location.replace(hrefOf(page, ...place));
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
