import { CloseButton, Progress } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { create } from 'zustand';
import type { BulkRun } from '../../generated/BulkRun';
import { Icon } from '../../shared/icons';
import { BarredButton, useOperateBar } from '../../shared/operating';
import { useNow } from '../../shared/use-now';
import { useRpcMutation, useRpcQuery } from '../../shared/use-rpc';
import { useReadQueuesAgain } from './use-queues';
import { BULK, describeRun } from './wording';

const RUNNING_MS = 400;
const UNDOABLE_MS = 3_000;
/** Who reloaded the page, or did not start it, finds a run so soon. */
const FOUND_MS = 5_000;
const RUNS_MAX = 4;

interface Followed {
  /** The runs that this window speaks of, the newest first. */
  runs: readonly BulkRun[];
  /** Those that somebody put out of sight. */
  hidden: ReadonlySet<string>;
}

export const useFollowedRuns = create<Followed>(() => ({ runs: [], hidden: new Set() }));

export function followRun(run: BulkRun): void {
  useFollowedRuns.setState(({ runs, hidden }) => ({
    runs: [run, ...runs].slice(0, RUNS_MAX),
    hidden: new Set([...hidden].filter((runId) => runId !== run.runId)),
  }));
}

/** Runs that the server knows of and this window does not: of others, or from before a reload. */
function followFound(found: readonly BulkRun[]): void {
  const { runs, hidden } = useFollowedRuns.getState();
  const known = new Set([...runs.map(({ runId }) => runId), ...hidden]);
  const fresh = found.filter(({ runId }) => !known.has(runId));
  if (fresh.length === 0) return;
  // Their ids begin with the time at which they began.
  const all = [...runs, ...fresh].sort((one, other) => (one.runId < other.runId ? 1 : -1));
  useFollowedRuns.setState({ runs: all.slice(0, RUNS_MAX) });
}

export function forgetRun(runId: string): void {
  useFollowedRuns.setState(({ runs, hidden }) => ({
    runs: runs.filter((run) => run.runId !== runId),
    hidden: new Set([...hidden, runId]),
  }));
}

function useFoundRuns(): void {
  const { data } = useRpcQuery('queues.runs', {}, { staleTime: 0, refetchInterval: FOUND_MS });
  useEffect(() => {
    if (data !== undefined) followFound(data.runs);
  }, [data]);
}

/** How far the bulk runs are, with a way to stop them and to take them back. */
export function BulkRuns() {
  useFoundRuns();
  const runs = useFollowedRuns((state) => state.runs);
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
  const bar = useOperateBar();
  const { start, isPending } = useRunChange('queues.run_stop', 'The run was not stopped');
  return (
    <BarredButton
      bar={bar}
      size="compact-xs"
      leftSection={<Icon name="stop" size={12} />}
      loading={isPending}
      onClick={() => start(runId)}
    >
      Stop
    </BarredButton>
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
    <BarredButton
      bar={bar}
      size="compact-xs"
      leftSection={<Icon name="undo" size={12} />}
      loading={isPending}
      onClick={() => start(runId)}
    >
      {left > 0 ? `Undo (${left} s)` : 'Undo'}
    </BarredButton>
  );
}

function useSecondsLeft(until: number | null): number {
  const now = useNow(250);
  return until === null ? 0 : Math.ceil((until - now) / 1_000);
}
