import { Button } from '@mantine/core';
import { modals } from '@mantine/modals';
import type { QueueRef } from '../../generated/QueueRef';
import type { SchedulerRow } from '../../generated/SchedulerRow';
import { DialogFoot } from '../../shared/dialog-foot';
import { formatDateTime } from '../../shared/format';
import { BarredButton, useOperateBar } from '../../shared/operating';
import { NotRead, StateBox } from '../../shared/state-box';
import { toast } from '../../shared/toasts';
import { useRpcMutation } from '../../shared/use-rpc';
import { useReadQueuesAgain, useSchedulers } from './use-queues';
import { figure } from './wording';

const NEXT_MAX = 3;

/** What adds jobs by itself: when, in words, and whether it still does. */
export function SchedulersTab({ queue }: { queue: QueueRef }) {
  const query = useSchedulers(queue);
  const { data } = query;
  if (data === undefined) return <NotRead what="the schedulers" reading={query} />;
  if (data.schedulers.length === 0) {
    return <StateBox title="No schedulers">No job of this queue is made at set times.</StateBox>;
  }
  return (
    <div className="panel queue-table-box">
      <table className="queue-table scheduler-table" aria-label="Schedulers">
        <thead>
          <tr>
            <th>Scheduler</th>
            <th>Jobs</th>
            <th>When</th>
            <th>Next runs</th>
            <th>Runs so far</th>
            <th>Actions</th>
          </tr>
        </thead>
        <tbody>
          {data.schedulers.map((row) => (
            <Scheduler key={row.schedulerId} row={row} queue={queue} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Scheduler({ row, queue }: { row: SchedulerRow; queue: QueueRef }) {
  const { schedulerId, jobName, words, pattern, timeZone, nextRuns, runs, fault } = row;
  return (
    <tr data-fault={fault !== null} data-testid={`scheduler-${schedulerId}`}>
      <td>
        <strong>{schedulerId}</strong>
        {fault === null ? null : (
          <div className="bad" role="alert">
            {fault}
          </div>
        )}
      </td>
      <td>{jobName}</td>
      <td>
        {words}
        {pattern === null ? null : (
          <div className="dim">
            <span className="mono">{pattern}</span> {timeZone}
          </div>
        )}
      </td>
      <td>
        {nextRuns.length === 0 ? (
          <span className="dim">none</span>
        ) : (
          nextRuns.slice(0, NEXT_MAX).map((at) => <div key={at}>{formatDateTime(at)}</div>)
        )}
      </td>
      <td>{runs === null ? <span className="dim">not counted</span> : figure(runs)}</td>
      <td>
        <SchedulerActions row={row} queue={queue} />
      </td>
    </tr>
  );
}

function SchedulerActions({ row, queue }: { row: SchedulerRow; queue: QueueRef }) {
  const bar = useOperateBar();
  const readAgain = useReadQueuesAgain();
  const repair = useRpcMutation('queues.repair_scheduler', 'The scheduler was not repaired');
  const { schedulerId } = row;
  const onSuccess = () => {
    toast('Scheduler repaired', schedulerId);
    void readAgain();
  };
  return (
    <div className="dead-letter-actions">
      {row.fault === null ? null : (
        <BarredButton
          bar={bar}
          size="compact-xs"
          variant="filled"
          loading={repair.isPending}
          onClick={() => repair.mutate({ queue, schedulerId }, { onSuccess })}
        >
          Repair
        </BarredButton>
      )}
      <BarredButton bar={bar} danger size="compact-xs" onClick={() => openRemove(row, queue)}>
        Remove…
      </BarredButton>
    </div>
  );
}

const REMOVE = 'queue-remove-scheduler';

function openRemove(row: SchedulerRow, queue: QueueRef): void {
  modals.open({
    modalId: REMOVE,
    title: 'Remove this scheduler?',
    children: <RemoveScheduler row={row} queue={queue} />,
  });
}

function RemoveScheduler({ row, queue }: { row: SchedulerRow; queue: QueueRef }) {
  const readAgain = useReadQueuesAgain();
  const remove = useRpcMutation('queues.remove_scheduler', 'The scheduler was not removed');
  const { schedulerId, jobName, words } = row;
  const start = () =>
    remove.mutate(
      { queue, schedulerId },
      {
        onSuccess: () => {
          modals.close(REMOVE);
          toast('Scheduler removed', schedulerId);
          void readAgain();
        },
      },
    );
  return (
    <>
      <p className="dialog-text">
        {schedulerId} makes no more jobs {jobName} ({words}). The one that waits for its time goes
        with it. This cannot be taken back here: the program that made it can make it again.
      </p>
      <DialogFoot onCancel={() => modals.close(REMOVE)} grave>
        <Button color="red" loading={remove.isPending} onClick={start}>
          Remove the scheduler
        </Button>
      </DialogFoot>
    </>
  );
}
