import { CloseButton } from '@mantine/core';
import type { JobDetail as Detail } from '../../generated/JobDetail';
import type { JobRef } from '../../generated/JobRef';
import { formatClock, formatDateTime } from '../../shared/format';
import { hrefOf, navigate } from '../../shared/route';
import { NotRead, StateBox } from '../../shared/state-box';
import { ToneMark } from '../../shared/tone-mark';
import { useRpcQuery } from '../../shared/use-rpc';
import { CopyId, JobActions } from './job-actions';
import { JobCommands, JobHistory } from './job-history';
import { JobTextView } from './job-text';
import { figure, formatSpan, QUEUE_PREFIX, STATES } from './wording';

const GOING_MS = 2_000;
const ENDED_MS = 10_000;

/** One job: where it stands, what it holds, what happened to it. */
export function JobDetail({ job, own }: { job: JobRef; own: boolean }) {
  const query = useRpcQuery('queues.job', job, {
    staleTime: 0,
    refetchInterval: ({ state }) => {
      const ended = state.data?.state === 'completed' || state.data?.state === 'failed';
      return ended ? ENDED_MS : GOING_MS;
    },
  });
  const { data, error } = query;
  if (data === undefined) {
    if (error?.code === 'not_found') return <Gone job={job} />;
    return <NotRead what="the job" reading={query} />;
  }
  return (
    <article className="job-detail" aria-label="Job" data-testid="job-detail">
      <Head detail={data} job={job} />
      {error ? (
        <p className="panel queue-notice" role="status">
          {error.code === 'not_found'
            ? 'This job has left the queue'
            : `It cannot be read again: ${error.message}`}
          . What you see is of {formatClock(query.dataUpdatedAt)}.
        </p>
      ) : (
        <JobActions job={job} detail={data} own={own} />
      )}
      <Facts detail={data} />
      {data.row.failedReason === null ? null : (
        <p className="job-error" data-testid="failed-reason">
          {data.row.failedReason}
        </p>
      )}
      <JobCommands commands={data.commands} graphId={data.row.graphId} />
      <JobTextView job={job} part="data" title="Data" text={data.data} />
      <JobHistory detail={data} job={job} />
      {data.returnValue === null ? null : (
        <JobTextView job={job} part="returnValue" title="Return value" text={data.returnValue} />
      )}
      <JobTextView job={job} part="options" title="Options" text={data.options} />
    </article>
  );
}

function Gone({ job }: { job: JobRef }) {
  return (
    <StateBox title="This job is gone">
      There is no job {job.jobId} in {job.queue.queue}: it was removed, or cleaned up after its end.
    </StateBox>
  );
}

function Head({ detail, job }: { detail: Detail; job: JobRef }) {
  const words = STATES.find(({ state }) => state === detail.state);
  const { prefix = QUEUE_PREFIX, queue } = job.queue;
  return (
    <header className="job-head">
      <div>
        <h2 className="page-title">{detail.row.name}</h2>
        <div className="job-id">
          <span className="mono">{job.jobId}</span>
          <CopyId id={job.jobId} />
        </div>
      </div>
      <ToneMark tone="quiet" data-testid="job-state">
        {words === undefined ? (
          'in no list (an orphan)'
        ) : (
          <>
            <span className="queue-dot" style={{ background: `var(${words.color})` }} />
            {words.label}
          </>
        )}
      </ToneMark>
      <CloseButton aria-label="Close the job" onClick={() => navigate('queues', prefix, queue)} />
    </header>
  );
}

function Facts({ detail }: { detail: Detail }) {
  const { row, lockLeftMs, stalled, scheduler, progress, state } = detail;
  return (
    <dl className="facts job-facts">
      <dt>Added</dt>
      <dd>{formatDateTime(row.addedAt)}</dd>
      {row.dueAt === null ? null : <Fact name="Due" value={formatDateTime(row.dueAt)} />}
      {row.startedAt === null ? null : (
        <Fact
          name="Started"
          value={`${formatDateTime(row.startedAt)}, after ${formatSpan(row.startedAt - row.addedAt)}`}
        />
      )}
      {row.endedAt === null || row.startedAt === null ? null : (
        <Fact
          name="Ended"
          value={`${formatDateTime(row.endedAt)}, took ${formatSpan(row.endedAt - row.startedAt)}`}
        />
      )}
      <Fact name="Attempts" value={`${row.attemptsMade} of ${row.attemptsMax}`} />
      {row.priority > 0 ? <Fact name="Priority" value={figure(row.priority)} /> : null}
      {row.worker === null ? null : <Fact name="Worker" value={row.worker} />}
      {state === 'active' ? (
        <Fact name="Lock" value={lockWords(detail)} bad={lockLeftMs === null} />
      ) : null}
      {stalled > 0 ? <Fact name="Stalled" value={`${figure(stalled)} times`} bad /> : null}
      {scheduler === null ? null : <Fact name="Made by scheduler" value={scheduler} />}
      {progress === null || progress === 0 ? null : (
        <Fact name="Progress" value={progressWords(progress)} />
      )}
      {row.graphId === null ? null : (
        <>
          <dt>Graph</dt>
          <dd>
            <a href={hrefOf('graph', row.graphId)}>{row.graphId}</a>
          </dd>
        </>
      )}
    </dl>
  );
}

function Fact({ name, value, bad }: { name: string; value: string; bad?: boolean }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={bad ? 'bad' : undefined}>{value}</dd>
    </>
  );
}

/** How long the worker has had the job, and how long it may keep it without a sign. */
function lockWords({ lockLeftMs, row, at }: Detail): string {
  const held = row.startedAt === null ? '' : `held for ${formatSpan(at - row.startedAt)}, `;
  return lockLeftMs === null
    ? `${held}no lock any more: another worker will take the job back`
    : `${held}${formatSpan(lockLeftMs)} left`;
}

const PROGRESS_TEXT_MAX = 200;

function progressWords(progress: unknown): string {
  if (typeof progress === 'number') return `${progress} %`;
  const text = typeof progress === 'string' ? progress : JSON.stringify(progress);
  return text.length > PROGRESS_TEXT_MAX ? `${text.slice(0, PROGRESS_TEXT_MAX)}…` : text;
}
