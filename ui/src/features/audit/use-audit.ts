import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { AuditPage } from '../../generated/AuditPage';
import type { ApiFailure } from '../../platform';
import { usePlatform } from '../../shared/platform-context';

const PAGE_ROWS = 50;
export const AUDIT_AGAIN_MS = 10_000;

export interface AuditFilter {
  userId: string;
  /** The beginning of the names of operations. */
  operation: string;
}

/** The audit log, newest first, page by page. */
export function useAudit({ userId, operation }: AuditFilter) {
  const platform = usePlatform();
  const query = useInfiniteQuery<AuditPage, ApiFailure>({
    queryKey: ['audit.list', userId, operation],
    queryFn: ({ pageParam }) =>
      platform.rpc('audit.list', {
        limit: PAGE_ROWS,
        ...(userId === '' ? {} : { userId }),
        ...(operation === '' ? {} : { operation }),
        ...(typeof pageParam === 'string' ? { before: pageParam } : {}),
      }),
    initialPageParam: undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: AUDIT_AGAIN_MS,
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  const { data } = query;
  const entries = useMemo(() => data?.pages.flatMap((page) => page.entries) ?? [], [data]);
  return { query, entries };
}
