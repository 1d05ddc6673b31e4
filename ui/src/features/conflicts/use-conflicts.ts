import { keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import type { ConflictPage } from '../../generated/ConflictPage';
import type { ApiFailure } from '../../platform';
import { useOpenConflicts } from '../../shared/open-conflicts';
import { usePlatform } from '../../shared/platform-context';
import type { ConflictFilters } from './conflict-view';

const PAGE_ROWS = 100;
export const AGAIN_MS = 5_000;

/** The conflicts that the filters let through, newest first, read again while they are shown. */
export function useConflicts(filters: ConflictFilters) {
  const platform = usePlatform();
  const query = useInfiniteQuery<ConflictPage, ApiFailure>({
    queryKey: ['conflicts.list', 'pages', filters],
    queryFn: ({ pageParam }) =>
      platform.rpc('conflicts.list', {
        ...filters,
        limit: PAGE_ROWS,
        ...(typeof pageParam === 'number' ? { before: pageParam } : {}),
      }),
    initialPageParam: undefined,
    getNextPageParam: (page) => page.next,
    refetchInterval: AGAIN_MS,
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  useRefetchOnNews();
  const { data } = query;
  const rows = useMemo(() => data?.pages.flatMap((page) => page.conflicts) ?? [], [data]);
  return { query, rows, open: data?.pages[0]?.open };
}

/** What is settled changes the list, the figures and the badge. */
export function useReadConflictsAgain(): () => Promise<void> {
  const client = useQueryClient();
  return useCallback(async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: ['conflicts.list'] }),
      client.invalidateQueries({ queryKey: ['conflicts.rate'] }),
    ]);
  }, [client]);
}

function useRefetchOnNews(): void {
  const readAgain = useReadConflictsAgain();
  const open = useOpenConflicts();
  const known = useRef(open);
  useEffect(() => {
    if (known.current !== undefined && open !== known.current) void readAgain();
    known.current = open;
  }, [open, readAgain]);
}
