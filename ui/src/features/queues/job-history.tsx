import { useState } from 'react';
import type { GraphId } from '../../generated/GraphId';
import type { JobAttempt } from '../../generated/JobAttempt';
import type { JobCommand } from '../../generated/JobCommand';
import type { JobDetail } from '../../generated/JobDetail';
import type { JobMoment } from '../../generated/JobMoment';
import type { JobRef } from '../../generated/JobRef';
import { formatDateTime, plural } from '../../shared/format';
import { hrefOf } from '../../shared/route';
import { useRpcQuery } from '../../shared/use-rpc';
import { JobTextView } from './job-text';
import { figure, formatSpan } from './wording';

/** The server gives so much of an error; more of it is in the stored text. */
const ERROR_CHARS_MAX = 8_000;
const LOG_CHARS_MAX = 65_536;

/** What happened to a job: its moments, what went wrong, what it wrote. */
export function JobHistory({ detail, job }: { detail: JobDetail; job: JobRef }) {
  return (
    <>
      <Attempts attempts={detail.attempts} job={job} />
      <Timeline moments={detail.timeline} />
      <Logs lines={detail.logs} total={detail.logsTotal} />
    </>
  );
}

function Attempts({ attempts, job }: { attempts: readonly JobAttempt[]; job: JobRef }) {
  const [whole, setWhole] = useState(false);
  if (attempts.length === 0) return null;
  const cut = attempts.some(({ error }) => error.length >= ERROR_CHARS_MAX);
  return (
    <section aria-label="Failed attempts" className="job-part">
      <h3 className="section-title">Failed attempts</h3>
      <ol className="job-attempts">
        {attempts.map((attempt, index) => (
          <Attempt key={attempt.number} attempt={attempt} last={index === attempts.length - 1} />
        ))}
      </ol>
      {cut && !whole ? (
        <button type="button" className="link-button" onClick={() => setWhole(true)}>
          Some are longer: read them as they are stored
        </button>
      ) : null}
      {whole ? <StoredErrors job={job} /> : null}
    </section>
  );
}

/** Only what is opened is on the page. */
function Attempt({ attempt, last }: { attempt: JobAttempt; last: boolean }) {
  const [open, setOpen] = useState(last);
  const { number, error } = attempt;
  const first = error.split('\n', 1)[0]?.slice(0, 300);
  return (
    <li>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary title={first}>
          Attempt {number} <span className="dim">{first}</span>
        </summary>
        {open ? <pre className="mono">{error}</pre> : null}
      </details>
    </li>
  );
}

function StoredErrors({ job }: { job: JobRef }) {
  const { data, error } = useRpcQuery(
    'queues.job_text',
    { ...job, part: 'stacktrace', offset: 0 },
    { staleTime: Number.POSITIVE_INFINITY, gcTime: 0 },
  );
  if (data !== undefined) {
    return <JobTextView job={job} part="stacktrace" title="Errors as stored" text={data} />;
  }
  return (
    <p className={error ? 'bad' : 'dim'} role={error ? 'alert' : 'status'}>
      {error ? `They cannot be read: ${error.message}` : 'Loading…'}
    </p>
  );
}

function Timeline({ moments }: { moments: readonly JobMoment[] }) {
  if (moments.length === 0) return null;
  return (
    <section aria-label="Timeline" className="job-part">
      <h3 className="section-title">Timeline</h3>
      <ol className="job-timeline">
        {moments.map(({ at, what, detail }, index) => {
          const before = moments[index - 1];
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: moments may be alike, and never move
            <li key={index} data-what={what}>
              <span className="dim">{formatDateTime(at)}</span>
              <strong>{what}</strong>
              <span className="dim">
                {before === undefined ? '' : `after ${formatSpan(at - before.at)}`}
              </span>
              <span>{detail}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function Logs({ lines, total }: { lines: readonly string[]; total: number }) {
  if (total === 0) return null;
  return (
    <section aria-label="Logs" className="job-part">
      <h3 className="section-title">
        Logs{' '}
        <span className="dim">
          {lines.length < total
            ? `the newest ${figure(lines.length)} of ${plural(total, 'line')}`
            : plural(total, 'line')}
        </span>
      </h3>
      <pre className="mono job-logs">{endOf(lines.join('\n'))}</pre>
    </section>
  );
}

/** The newest lines, as far as there is room on the page. */
function endOf(text: string): string {
  return text.length > LOG_CHARS_MAX ? `…${text.slice(-LOG_CHARS_MAX)}` : text;
}

/** The commands in a job of ours, with the graph that they change. */
export function JobCommands(props: { commands: readonly JobCommand[]; graphId: GraphId | null }) {
  const { commands, graphId } = props;
  if (commands.length === 0) return null;
  return (
    <section aria-label="Commands" className="job-part">
      <h3 className="section-title">
        Commands {graphId === null ? null : <a href={hrefOf('graph', graphId)}>show the graph</a>}
      </h3>
      <div className="job-commands">
        <table className="plain-table">
          <thead>
            <tr>
              <th>Type</th>
              <th>By</th>
              <th>Outcome</th>
              <th>Operation</th>
            </tr>
          </thead>
          <tbody>
            {commands.map((command) => (
              <tr key={command.operationId}>
                <td>{command.commandType}</td>
                <td>{command.userId ?? <span className="dim">unnamed</span>}</td>
                <td className={command.outcome === 'rejected' ? 'bad' : undefined}>
                  {command.outcome ?? <span className="dim">not known</span>}
                </td>
                <td className="mono">
                  {command.operationId}
                  {command.replayOf === null ? null : (
                    <div className="dim">replays {command.replayOf}</div>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
