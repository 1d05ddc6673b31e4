import { Button, CloseButton, Progress } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { create } from 'zustand';
import type { BulkRun } from '../../generated/BulkRun';
import { Icon } from '../../shared/icons';
import { useOperateBar, WithReason } from '../../shared/operating';
import { useNow } from '../../shared/use-now';
import { useRpcMutation, useRpcQuery } from '../../shared/use-rpc';
import { useReadQueuesAgain } from './use-queues';
import { BULK, describeRun } from './wording';

const RUNNING_MS = 400;
const UNDOABLE_MS = 3_000;
const RUNS_MAX = 4;

/** The runs that this window started and still speaks of, the newest first. */
const useFollowed = create<{ runs: readonly BulkRun[] }>(() => ({ runs: [] }));

export function followRun(run: BulkRun): void {
  useFollowed.setState(({ runs }) => ({ runs: [run, ...runs].slice(0, RUNS_MAX) }));
}

export function forgetRun(runId: string): void {
  useFollowed.setState(({ runs }) => ({ runs: runs.filter((run) => run.runId !== runId) }));
}

/** How far the bulk runs are, with a way to stop them and to take them back. */
export function BulkRuns() {
  const runs = useFollowed((state) => state.runs);
  if (runs.length === 0) return null;
  return (
    <section className="bulk-runs" aria-label="Bulk actions">
      {runs.map((run) => (
        <RunBar key={run.runId} first={run} />
      ))}
    </section>
  );
}

function useRun(first: BulkRun): BulkRun {
  const { runId } = first;
  const { data = first } = useRpcQuery(
    'queues.run_status',
    { runId },
    {
      staleTime: 0,
      refetchInterval: ({ state: { data: run = first } }) => {
        if (run.state === 'running') return RUNNING_MS;
        return run.undoUntil === null ? false : UNDOABLE_MS;
      },
    },
  );
  const readAgain = useReadQueuesAgain();
  // Once when it starts and whenever it comes to an end.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what it stands at decides, not who reads
  useEffect(() => void readAgain(), [data.state]);
  return data;
}

function RunBar({ first }: { first: BulkRun }) {
  const run = useRun(first);
  const { runId, queue, action, state, jobs, done, skipped } = run;
  const ended = (100 * (done + skipped)) / Math.max(1, jobs);
  const failed = state === 'failed';
  return (
    <div className="panel bulk-run" data-state={state} data-testid="bulk-run">
      <span className="bulk-run-words" role={failed ? 'alert' : 'status'}>
        <strong>{queue.queue}</strong> {describeRun(run)}
      </span>
      {state === 'running' ? (
        <>
          <Progress
            value={ended}
            aria-label={`Jobs ${BULK[action].done}`}
            transitionDuration={120}
          />
          <Stop runId={runId} />
        </>
      ) : (
        <>
          <Undo run={run} />
          <CloseButton size="sm" aria-label="Hide this line" onClick={() => forgetRun(runId)} />
        </>
      )}
    </div>
  );
}

/** Answers with the run as it is now, so that nobody has to wait for the next look. */
function useRunChange(operation: 'queues.run_stop' | 'queues.run_undo', failedTitle: string) {
  const client = useQueryClient();
  const change = useRpcMutation(operation, failedTitle);
  const start = (runId: string) =>
    change.mutate(
      { runId },
      { onSuccess: (run) => client.setQueryData(['queues.run_status', { runId }], run) },
    );
  return { start, isPending: change.isPending };
}

function Stop({ runId }: { runId: string }) {
  const { start, isPending } = useRunChange('queues.run_stop', 'The run was not stopped');
  return (
    <Button
      size="compact-xs"
      variant="default"
      leftSection={<Icon name="stop" size={12} />}
      loading={isPending}
      onClick={() => start(runId)}
    >
      Stop
    </Button>
  );
}

/** The server says whether a run can be taken back; the seconds are a help, by this clock. */
function Undo({ run }: { run: BulkRun }) {
  const { runId, undoUntil, state, action } = run;
  const bar = useOperateBar();
  const { start, isPending } = useRunChange('queues.run_undo', 'It was not taken back');
  const left = useSecondsLeft(undoUntil);
  if (state === 'undone') return null;
  if (undoUntil === null) {
    return BULK[action].danger ? (
      <span className="dim">It cannot be taken back any more</span>
    ) : null;
  }
  return (
    <WithReason reason={bar}>
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<Icon name="undo" size={12} />}
        disabled={bar !== undefined}
        loading={isPending}
        onClick={() => start(runId)}
      >
        {left > 0 ? `Undo (${left} s)` : 'Undo'}
      </Button>
    </WithReason>
  );
}

function useSecondsLeft(until: number | null): number {
  const now = useNow(250);
  return until === null ? 0 : Math.ceil((until - now) / 1_000);
}
