import type { QueueDetail } from '../../generated/QueueDetail';
import type { QueueWorker } from '../../generated/QueueWorker';
import type { RunningJob } from '../../generated/RunningJob';
import { formatDuration } from '../../shared/format';
import { hrefOf } from '../../shared/route';
import { StateBox } from '../../shared/state-box';
import { ToneMark } from '../../shared/tone-mark';
import { formatSpan, readyOf, TROUBLES } from './wording';

/** Who works on the queue, and on what. */
export function WorkersTab({ detail }: { detail: QueueDetail }) {
  const { workers, summary } = detail;
  if (workers.length === 0) {
    return (
      <StateBox title="No worker is connected">
        {readyOf(summary.counts) > 0 ? TROUBLES.no_worker.means : 'Nothing waits either.'}{' '}
        {TROUBLES.no_worker.todo}
      </StateBox>
    );
  }
  return (
    <div className="panel queue-table-box">
      <table className="queue-table worker-table" aria-label="Workers">
        <thead>
          <tr>
            <th>Worker</th>
            <th>Host</th>
            <th>Connected for</th>
            <th>Silent for</th>
            <th>Runs</th>
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => (
            <Worker key={worker.clientId} worker={worker} detail={detail} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Worker({ worker, detail }: { worker: QueueWorker; detail: QueueDetail }) {
  const { at, summary } = detail;
  const { name, clientId, host, ageMs, idleMs, deaf, running } = worker;
  return (
    <tr data-deaf={deaf} data-testid={`worker-${clientId}`}>
      <td>
        <strong>{name === '' ? 'without a name' : name}</strong>{' '}
        <span className="dim">client {clientId}</span>
        {deaf ? (
          <div className="worker-deaf" role="alert">
            <ToneMark tone="alarm">deaf</ToneMark>{' '}
            {summary.own
              ? 'Jobs wait and it fetches none. The watchdog rebuilds it; restart the node if it stays.'
              : 'Jobs wait and it fetches none. Restart it.'}
          </div>
        ) : null}
      </td>
      <td>{host}</td>
      <td>{formatDuration(ageMs)}</td>
      <td>{formatSpan(idleMs)}</td>
      <td className="worker-runs">
        {running.length === 0 ? (
          <span className="dim">no job that bears its name</span>
        ) : (
          <ul>
            {running.map((job) => (
              <Runs key={job.jobId} job={job} at={at} detail={detail} />
            ))}
          </ul>
        )}
      </td>
    </tr>
  );
}

function Runs(props: { job: RunningJob; at: number; detail: QueueDetail }) {
  const { job, at, detail } = props;
  const { prefix, queue } = detail.summary;
  return (
    <li>
      <a href={hrefOf('queues', prefix, queue, job.jobId)}>{job.name}</a>{' '}
      <span className="mono dim">{job.jobId}</span>{' '}
      {job.since === null ? null : <span className="dim">for {formatSpan(at - job.since)}, </span>}
      {job.lockLeftMs === null ? (
        <span className="bad">its lock is gone</span>
      ) : (
        <span className="dim">lock holds {formatSpan(job.lockLeftMs)}</span>
      )}
    </li>
  );
}
