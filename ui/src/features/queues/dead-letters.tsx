import type { DeadLetterGroup } from '../../generated/DeadLetterGroup';
import type { QueueRef } from '../../generated/QueueRef';
import { formatDateTime, plural } from '../../shared/format';
import { Freshness } from '../../shared/freshness';
import { BarredButton, useOperateBar } from '../../shared/operating';
import { hrefOf } from '../../shared/route';
import { NotRead, StateBox } from '../../shared/state-box';
import { openBulk } from './bulk-dialog';
import { DEAD_LETTERS_MS, useDeadLetters, useQueueList } from './use-queues';
import { figure, QUEUE_PREFIX, queueKey } from './wording';

/** The failed jobs of all queues, by what went wrong. */
export function AllDeadLetters() {
  const { data } = useQueueList();
  const own = new Set(data?.queues.filter((queue) => queue.own).map(queueKey));
  return <Groups queue={undefined} isOwn={(queue) => own.has(queueKey(queue))} />;
}

/** The failed jobs of one queue, by what went wrong. */
export function DeadLettersTab({ queue, own }: { queue: QueueRef; own: boolean }) {
  return <Groups queue={queue} isOwn={() => own} />;
}

interface GroupsProps {
  queue: QueueRef | undefined;
  isOwn: (queue: QueueRef) => boolean;
}

function Groups({ queue, isOwn }: GroupsProps) {
  const query = useDeadLetters(queue);
  const { data } = query;
  if (data === undefined) return <NotRead what="the dead letters" reading={query} />;
  if (data.groups.length === 0) {
    return (
      <StateBox title="No dead letters">
        Jobs that failed for good wait here, grouped by their error, to be replayed or removed.
      </StateBox>
    );
  }
  return (
    <div className="dead-letters">
      <div className="queues-tools">
        <span className="dim" data-testid="dead-letters-known">
          {plural(data.jobs, 'failed job')} in {plural(data.groups.length, 'group')}
          {data.lookedAt < data.jobs
            ? `; only the newest ${figure(data.lookedAt)} were looked at`
            : ''}
        </span>
        <span className="push" />
        <Freshness reading={query} everyMs={DEAD_LETTERS_MS} />
      </div>
      <div className="panel queue-table-box">
        <table className="queue-table dead-letter-table" aria-label="Dead letters">
          <thead>
            <tr>
              <th>Error</th>
              <th>Jobs</th>
              <th>Names</th>
              {queue === undefined ? <th>Queue</th> : null}
              <th>First failed</th>
              <th>Last failed</th>
              <th>Actions</th>
            </tr>
          </thead>
          <tbody>
            {data.groups.map((group) => (
              <Group
                key={`${queueKey(group.queue)}/${group.fingerprint}`}
                group={group}
                named={queue === undefined}
                own={isOwn(group.queue)}
              />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Group(props: { group: DeadLetterGroup; named: boolean; own: boolean }) {
  const { group, named, own } = props;
  const { prefix = QUEUE_PREFIX, queue } = group.queue;
  return (
    <tr data-testid={`group-${group.fingerprint}`}>
      <td className="dead-letter-error">
        <div title={group.error}>{group.error}</div>
      </td>
      <td>{figure(group.jobs)}</td>
      <td className="dead-letter-names">{group.jobNames.join(', ')}</td>
      {named ? (
        <td className="dead-letter-queue">
          <a href={hrefOf('queues', prefix, queue)}>{queue}</a>
        </td>
      ) : null}
      <td>{formatDateTime(group.firstAt)}</td>
      <td>{formatDateTime(group.lastAt)}</td>
      <td>
        <GroupActions group={group} own={own} />
      </td>
    </tr>
  );
}

function GroupActions({ group, own }: { group: DeadLetterGroup; own: boolean }) {
  const bar = useOperateBar();
  const { prefix = QUEUE_PREFIX, queue } = group.queue;
  const all = (action: 'retry' | 'remove') =>
    openBulk({
      own,
      which: 'with this error',
      request: {
        queue: group.queue,
        action,
        state: 'failed',
        filter: { fingerprint: group.fingerprint },
      },
    });
  return (
    <div className="dead-letter-actions">
      <a href={hrefOf('queues', prefix, queue, group.newestJobId)}>Newest job</a>
      <BarredButton bar={bar} size="compact-xs" onClick={() => all('retry')}>
        Replay…
      </BarredButton>
      <BarredButton bar={bar} danger size="compact-xs" onClick={() => all('remove')}>
        Remove…
      </BarredButton>
    </div>
  );
}
