import { useLive, useLiveStore } from './live-context';
import { useRpcQuery } from './use-rpc';

const SERIES = 'open_conflicts';
const AGAIN_MS = 10_000;

/** How many conflicts wait for a person, as the live stream says it, or the list if it does not. */
export function useOpenConflicts(): number | undefined {
  const live = useLiveStore();
  const streamed = useLive(() => live.series.last(SERIES));
  const { data } = useRpcQuery('conflicts.list', { limit: 1 }, { refetchInterval: AGAIN_MS });
  return streamed ?? data?.open;
}
