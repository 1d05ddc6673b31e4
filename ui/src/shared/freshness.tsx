import { formatClock } from './format';
import { useNow } from './use-now';

/** What a query knows of its last answer. */
export interface Reading {
  dataUpdatedAt: number;
  isError: boolean;
  /** How often it was tried in vain since it was read last. */
  failureCount?: number;
}

/**
 * Says whether what is shown is being kept up to date, and of when it is if it is not. With `quiet`
 * it speaks only then: for parts of a page that says the rest.
 */
export function Freshness(props: { reading: Reading; everyMs: number; quiet?: boolean }) {
  const { reading, everyMs, quiet } = props;
  const now = useNow(1_000);
  const { dataUpdatedAt, isError, failureCount = 0 } = reading;
  const late = now - dataUpdatedAt > 3 * everyMs;
  const stale = dataUpdatedAt > 0 && (isError || failureCount > 0 || late);
  if (quiet && !stale) return null;
  return (
    <span className="live-state" data-stale={stale} role="status">
      <span className="chip-dot" data-state={stale ? 'stale' : 'saved'} />
      {stale ? `Stale: what you see is of ${formatClock(dataUpdatedAt)}` : 'Live'}
    </span>
  );
}
