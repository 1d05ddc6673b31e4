import { notifications } from '@mantine/notifications';
import { ApiFailure } from '../platform';

export function toast(title: string, message?: string): void {
  notifications.show({ title, message: message ?? '', color: 'graphy', autoClose: 5000 });
}

/** Says what failed and why, with the trace id a server log can be searched for. */
export function toastFailure(title: string, cause: unknown): void {
  const failure = ApiFailure.from(cause);
  notifications.show({
    // One toast per kind of failure: a burst of the same trouble is one piece of news.
    id: `failure-${title}-${failure.code}`,
    title,
    color: 'red',
    autoClose: 12_000,
    message: (
      <>
        <div>{failure.message}</div>
        {failure.detail ? <div className="dim">{failure.detail}</div> : null}
        <div className="dim mono">
          {failure.code}
          {failure.traceId ? ` · trace ${failure.traceId.slice(0, 12)}` : ''}
        </div>
      </>
    ),
  });
}
