import { formatClock } from './format';
import { useNow } from './use-now';

interface Reading {
  dataUpdatedAt: number;
  isError: boolean;
}

/**
 * Says whether what is shown is being kept up to date, and of when it is if it is not. With `quiet`
 * it speaks only then: for parts of a page that says the rest.
 */
export function Freshness(props: { reading: Reading; everyMs: number; quiet?: boolean }) {
  const { reading, everyMs, quiet } = props;
  const now = useNow(1_000);
  const { dataUpdatedAt, isError } = reading;
  const stale = dataUpdatedAt > 0 && (isError || now - dataUpdatedAt > 3 * everyMs);
  if (quiet && !stale) return null;
  return (
    <span className="live-state" data-stale={stale} role="status">
      <span className="chip-dot" data-state={stale ? 'stale' : 'saved'} />
      {stale ? `Stale: what you see is of ${formatClock(dataUpdatedAt)}` : 'Live'}
    </span>
  );
}
