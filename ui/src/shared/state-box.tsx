import { Button, Loader } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiFailure } from '../platform';

/** What a view shows when it has nothing to show. */
export function StateBox(props: { title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="state-box" role="status">
      <h2 className="page-title">{props.title}</h2>
      {props.children ? <p>{props.children}</p> : null}
      {props.actions ? <div style={{ display: 'flex', gap: 8 }}>{props.actions}</div> : null}
    </div>
  );
}

export function LoadingBox({ what }: { what: string }) {
  return (
    <div className="state-box" role="status">
      <Loader size="sm" />
      <p>Loading {what}…</p>
    </div>
  );
}

/**
 * In place of what is not read yet: that it is being read, or why it cannot be. The first failure is
 * shown at once, while it is tried again.
 */
export function NotRead(props: {
  /** With its article, as “the alerts”. */
  what: string;
  reading: { error: unknown; failureReason?: unknown; refetch: () => unknown };
}) {
  const { what, reading } = props;
  const cause = reading.error ?? reading.failureReason;
  if (!cause) return <LoadingBox what={what} />;
  return (
    <FailureBox
      title={`${what.charAt(0).toUpperCase()}${what.slice(1)} cannot be read`}
      cause={cause}
      onRetry={() => void reading.refetch()}
    />
  );
}

export function FailureBox(props: { title: string; cause: unknown; onRetry?: () => void }) {
  const failure = ApiFailure.from(props.cause);
  return (
    <div className="state-box" role="alert">
      <h2 className="page-title">{props.title}</h2>
      <p>{failure.message}</p>
      <p className="mono">
        {failure.code}
        {failure.traceId ? ` · trace ${failure.traceId}` : ''}
      </p>
      {props.onRetry && failure.code !== 'forbidden' ? (
        <Button variant="default" onClick={props.onRetry}>
          Try again
        </Button>
      ) : null}
    </div>
  );
}
