import type { WorkerReport } from '../../generated/WorkerReport';
import { formatDateTime, formatDuration } from '../../shared/format';
import { type Tone, ToneMark } from '../../shared/tone-mark';

const TONES: Record<string, Tone> = {
  running: 'ok',
  paused: 'warn',
  rebuilding: 'bad',
  stopped: 'quiet',
};

/** The workers of a node. Those that had to be built anew are loud: they had fallen silent. */
export function WorkerTable(props: { workers: readonly WorkerReport[]; readAt: number }) {
  const { workers, readAt } = props;
  if (workers.length === 0) return null;
  return (
    <section aria-label="Workers" className="node-part">
      <h3 className="node-part-title">Workers</h3>
      <div className="scroll-x">
        <table className="plain-table task-table">
          <thead>
            <tr>
              <th>Queue</th>
              <th>Worker</th>
              <th>State</th>
              <th className="number">Active</th>
              <th className="number">Taken</th>
              <th>Last taken</th>
              <th>Rebuilt</th>
            </tr>
          </thead>
          <tbody>
            {workers.map((worker) => (
              <WorkerRow key={`${worker.queue} ${worker.name}`} worker={worker} readAt={readAt} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function WorkerRow({ worker, readAt }: { worker: WorkerReport; readAt: number }) {
  const { queue, name, state, active, concurrency, fetched, lastFetch, rebuilds } = worker;
  return (
    <tr data-testid={`worker-${queue}`}>
      <td className="mono">{queue}</td>
      <td className="mono dim">{name}</td>
      <td>
        <ToneMark tone={TONES[state] ?? 'warn'}>{state}</ToneMark>
      </td>
      <td className="number">
        {active} of {concurrency}
      </td>
      <td className="number">{fetched.toLocaleString('en-GB')}</td>
      <td
        className="dim number-left"
        title={lastFetch === null ? undefined : formatDateTime(lastFetch)}
      >
        {lastFetch === null ? 'never' : `${formatDuration(readAt - lastFetch)} ago`}
      </td>
      <td>
        {rebuilds > 0 ? (
          <ToneMark tone="bad">{rebuilds === 1 ? 'once' : `${rebuilds} times`}</ToneMark>
        ) : (
          <span className="dim">never</span>
        )}
      </td>
    </tr>
  );
}
