import { Tooltip } from '@mantine/core';
import { useAlerts } from '../shared/use-alerts';

/** Says on every page that the server or its store is away: what is shown may be old then. */
export function StoreBadge() {
  const { error, failureReason } = useAlerts();
  const fault = error ?? failureReason;
  if (fault?.code !== 'unavailable') return null;
  return (
    <Tooltip label={`What you see may be old; it goes on by itself. ${fault.message}`}>
      <span className="chip" data-state="attention" role="alert" data-testid="store-away">
        <span className="chip-dot" />
        {fault.traceId === '' ? 'The server does not answer' : 'Redis does not answer'}
      </span>
    </Tooltip>
  );
}
