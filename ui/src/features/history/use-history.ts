import { type InfiniteData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import type { HistoryPage } from '../../generated/HistoryPage';
import type { ApiFailure } from '../../platform';
import { usePlatform } from '../../shared/platform-context';

const PAGE_ENTRIES = 50;
const NEWS_ENTRIES = 200;
/** At most this often is news asked for, however fast the graph changes. */
const NEWS_MS = 700;

export interface HistoryFilter {
  userId?: string;
  entityId?: string;
}

/** A graph's history, newest first. What comes later is put on top; what is read stays. */
export function useHistory(graphId: string, filter: HistoryFilter, version: number) {
  const platform = usePlatform();
  const queryKey = useMemo(() => ['history.list', graphId, filter], [graphId, filter]);
  const query = useInfiniteQuery<HistoryPage, ApiFailure>({
    queryKey,
    queryFn: ({ pageParam }) =>
      platform.rpc('history.list', {
        graphId,
        ...filter,
        limit: PAGE_ENTRIES,
        ...(typeof pageParam === 'number' ? { before: pageParam } : {}),
      }),
    initialPageParam: undefined,
    getNextPageParam: (page) => page.next,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  useNews(graphId, filter, queryKey, version);
  const { data } = query;
  const entries = useMemo(() => data?.pages.flatMap((page) => page.entries) ?? [], [data]);
  return { query, entries, head: data?.pages[0] };
}

function useNews(
  graphId: string,
  filter: HistoryFilter,
  queryKey: readonly unknown[],
  version: number,
): void {
  const platform = usePlatform();
  const client = useQueryClient();
  const known = useRef(version);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const read = useRef<() => Promise<void>>(undefined);
  read.current = async () => {
    known.current = version;
    const news = await platform.rpc('history.list', { graphId, ...filter, limit: NEWS_ENTRIES });
    const before = client.getQueryData<InfiniteData<HistoryPage>>(queryKey);
    if (before === undefined) return;
    const merged = withNews(before, news);
    if (merged === undefined) await client.resetQueries({ queryKey });
    else client.setQueryData(queryKey, merged);
  };
  useEffect(() => {
    if (version === known.current || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      // A failure shows with the next piece that is asked for; news comes with the next version.
      read.current?.().catch(() => undefined);
    }, NEWS_MS);
  }, [version]);
  useEffect(() => () => clearTimeout(timer.current), []);
}

/** The known history with news on top; `undefined` if the two do not touch. */
export function withNews(
  before: InfiniteData<HistoryPage>,
  news: HistoryPage,
): InfiniteData<HistoryPage> | undefined {
  const [first, ...older] = before.pages;
  if (first === undefined || first.epoch !== news.epoch) return undefined;
  const fresh = news.entries.filter((entry) => entry.version > first.currentVersion);
  if (fresh.length === news.entries.length && news.next !== undefined) return undefined;
  const merged: HistoryPage = {
    ...first,
    currentVersion: Math.max(first.currentVersion, news.currentVersion),
    oldestVersion: news.oldestVersion,
    entries: [...fresh, ...first.entries],
  };
  return { ...before, pages: [merged, ...older] };
}
