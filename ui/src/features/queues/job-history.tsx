import type { GraphId } from '../../generated/GraphId';
import type { JobAttempt } from '../../generated/JobAttempt';
import type { JobCommand } from '../../generated/JobCommand';
import type { JobDetail } from '../../generated/JobDetail';
import type { JobMoment } from '../../generated/JobMoment';
import { formatDateTime, plural } from '../../shared/format';
import { hrefOf } from '../../shared/route';
import { figure, formatSpan } from './wording';

/** What happened to a job: its moments, what went wrong, what it wrote. */
export function JobHistory({ detail }: { detail: JobDetail }) {
  return (
    <>
      <Attempts attempts={detail.attempts} />
      <Timeline moments={detail.timeline} />
      <Logs lines={detail.logs} total={detail.logsTotal} />
    </>
  );
}

function Attempts({ attempts }: { attempts: readonly JobAttempt[] }) {
  if (attempts.length === 0) return null;
  return (
    <section aria-label="Failed attempts" className="job-part">
      <h3 className="section-title">Failed attempts</h3>
      <ol className="job-attempts">
        {attempts.map(({ number, error }) => (
          <li key={number}>
            <details open={number === attempts.at(-1)?.number}>
              <summary>
                Attempt {number} <span className="dim">{error.split('\n', 1)[0]}</span>
              </summary>
              <pre className="mono">{error}</pre>
            </details>
          </li>
        ))}
      </ol>
    </section>
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
      <pre className="mono job-logs">{lines.join('\n')}</pre>
    </section>
  );
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
