import { memo } from 'react';
import type { QueueSummary } from '../../generated/QueueSummary';
import { hrefOf, navigate } from '../../shared/route';
import { ToneMark } from '../../shared/tone-mark';
import { useQueueView } from './queue-view';
import { Sparkline } from './sparkline';
import { StateBar } from './state-bar';
import { TroubleBadges } from './trouble-badges';
import {
  depthOf,
  emptyIn,
  figure,
  formatFailedShare,
  formatRate,
  formatSpan,
  queueKey,
  readyOf,
} from './wording';

interface Hold {
  onPointerEnter: () => void;
  onPointerLeave: () => void;
}

/** The queues as a table; a row leads to its queue. */
export function QueueList({ rows, hold }: { rows: readonly QueueSummary[]; hold: Hold }) {
  return (
    <div className="panel queue-table-box" {...hold}>
      <table className="queue-table" aria-label="Queues">
        <thead>
          <tr>
            <th className="queue-what">Queue</th>
            <th title="Waiting for a worker, with a priority or without">Waiting</th>
            <th>Active</th>
            <th title="Waiting for their time or for their children">Delayed</th>
            <th>Failed</th>
            <th className="queue-spare" title="Done, and still kept">
              Done
            </th>
            <th className="queue-course">Depth</th>
            <th className="queue-course" title="95 % of the jobs of the last minute waited less">
              Wait, p95
            </th>
            <th title="Jobs that ended well per second, over the last minute">Done/s</th>
            <th title="The part of the jobs of the last five minutes that failed">Failing</th>
            <th title="How long the oldest waiting job has been waiting">Oldest</th>
            <th
              className="queue-spare"
              title="How long until the queue is empty at the present pace"
            >
              Empty in
            </th>
            <th>Workers</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((queue) => (
            <Row key={queueKey(queue)} queue={queue} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Answers that did not change are the same objects: only what changed is drawn again. */
const Row = memo(function Row({ queue: summary }: { queue: QueueSummary }) {
  const { prefix, queue, counts, latencyP95Ms, troubles, failedShare } = summary;
  const key = queueKey(summary);
  const cursor = useQueueView((view) => view.cursor === key);
  const unwatched = troubles.includes('no_worker');
  return (
    <tr
      data-cursor={cursor}
      data-queue={key}
      data-testid={`queue-${queue}`}
      onClick={() => navigate('queues', prefix, queue)}
    >
      <td className="queue-what">
        <div className="queue-name">
          <a
            href={hrefOf('queues', prefix, queue)}
            title={key}
            onClick={(event) => event.stopPropagation()}
          >
            {queue}
          </a>
          <OwnBadge own={summary.own} prefix={prefix} />
          {summary.paused && !troubles.includes('paused_with_jobs') ? (
            <ToneMark tone="quiet">paused</ToneMark>
          ) : null}
          <TroubleBadges troubles={troubles} />
        </div>
        <StateBar counts={counts} />
      </td>
      <Count value={readyOf(counts)} />
      <Count value={counts.active} />
      <Count value={counts.delayed + counts.waitingChildren} />
      <Count value={counts.failed} tone={counts.failed > 0 ? 'bad' : undefined} />
      <Count value={counts.completed} tone="queue-spare" />
      <td className="queue-course">
        <span className="queue-course-now">{figure(depthOf(counts))}</span>
        <Sparkline series={summary.depth} label={`Depth of ${queue}`} />
      </td>
      <td className="queue-course">
        <span className="queue-course-now">{formatSpan(latencyP95Ms)}</span>
        <Sparkline series={summary.latency} label={`Waiting time in ${queue}`} />
      </td>
      <td>{formatRate(summary.completedPerSecond)}</td>
      <td className={troubles.includes('failing') ? 'bad' : undefined}>
        {formatFailedShare(failedShare)}
      </td>
      <td>{formatSpan(summary.oldestWaitingMs)}</td>
      <td className="queue-spare">{emptyIn(summary)}</td>
      <td className={unwatched ? 'bad' : undefined}>{summary.workers ?? '–'}</td>
    </tr>
  );
});

function Count({ value, tone = '' }: { value: number; tone?: string | undefined }) {
  return <td className={`${tone} ${value === 0 ? 'dim' : ''}`}>{figure(value)}</td>;
}

/** Whether a queue is Graphy's own; foreign ones say what their keys begin with. */
export function OwnBadge({ own, prefix }: { own: boolean; prefix: string }) {
  return own ? (
    <ToneMark tone="own" title="One of Graphy’s own queues">
      own
    </ToneMark>
  ) : (
    <ToneMark tone="quiet" title={`A queue of another program; its keys begin with ${prefix}:`}>
      {prefix === 'bull' ? 'foreign' : `foreign, ${prefix}:`}
    </ToneMark>
  );
}
