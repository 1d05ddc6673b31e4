import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { SeriesRange } from '../../generated/SeriesRange';
import type { ApiFailure } from '../../platform';
import { usePlatform } from '../platform-context';
import { spanOf, type TimeRange } from '../time-range';
import { useRpcQuery } from '../use-rpc';

/** About as many steps as a card has pixels. */
const STEPS_MAX = 300;
const NAMES_MAX = 40;
const AGAIN_LEAST_MS = 5_000;
const AGAIN_MOST_MS = 60_000;
const MINUTE_MS = 60_000;

/**
 * The history of those of the series that have one, over a past time; asked again as soon as a
 * step more may be there. Asks nothing while charts are live.
 */
export function useSeriesRange(names: readonly string[], range: TimeRange) {
  const platform = usePlatform();
  const past = range.kind === 'live' ? undefined : range;
  const { data: list, error: listError } = useRpcQuery(
    'series.list',
    {},
    { enabled: past !== undefined, staleTime: 60_000 },
  );
  const known = new Set(list?.series.map(({ name }) => name));
  const asked = names.filter((name) => known.has(name)).slice(0, NAMES_MAX);
  const everyMs = againMs(range);
  const query = useQuery<SeriesRange, ApiFailure>({
    queryKey: ['series.range', asked, range],
    queryFn: () => {
      if (past === undefined) throw new Error('live charts have no history to read');
      const span = spanOf(past, Date.now());
      return platform.rpc('series.range', { names: asked, ...span, stepsMax: STEPS_MAX });
    },
    enabled: past !== undefined && asked.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 0,
    ...(range.kind === 'last' ? { refetchInterval: everyMs } : {}),
  });
  /** None of the series has a history. */
  const nothing = list !== undefined && asked.length === 0;
  return { query, everyMs, nothing, error: query.error ?? listError };
}

function againMs(range: TimeRange): number {
  if (range.kind !== 'last') return AGAIN_MOST_MS;
  const step = (range.minutes * MINUTE_MS) / STEPS_MAX;
  return Math.min(AGAIN_MOST_MS, Math.max(AGAIN_LEAST_MS, step));
}
