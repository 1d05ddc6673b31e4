import { Button } from '@mantine/core';
import { useState } from 'react';
import type { TaskReport } from '../../generated/TaskReport';
import { formatDateTime, formatDuration, plural } from '../../shared/format';
import { type Tone, ToneMark } from '../../shared/tone-mark';

const ORDER = ['failed', 'restarting', 'stopped', 'starting', 'running'];
const TONES: Record<string, Tone> = {
  failed: 'bad',
  restarting: 'warn',
  stopped: 'quiet',
  starting: 'quiet',
  running: 'ok',
};

/** What is in trouble first, then by name. */
export function troubledFirst(tasks: readonly TaskReport[]): TaskReport[] {
  /** A state that nobody knows here is trouble too. */
  const place = ({ state }: TaskReport) => Math.max(0, ORDER.indexOf(state));
  return [...tasks].sort(
    (left, right) => place(left) - place(right) || left.name.localeCompare(right.name, 'en'),
  );
}

/** The background tasks of a node. Those that run as they should are folded away. */
export function TaskTable({ tasks, readAt }: { tasks: readonly TaskReport[]; readAt: number }) {
  const sorted = troubledFirst(tasks);
  const troubled = sorted.filter(isTroubled);
  const [opened, setOpened] = useState(false);
  const shown = opened ? sorted : troubled;
  if (tasks.length === 0) return null;
  return (
    <section aria-label="Background tasks" className="node-part">
      <h3 className="node-part-title">
        Background tasks
        <span className="dim">
          {troubled.length === 0
            ? settled(tasks)
            : `${plural(troubled.length, 'task')} of ${tasks.length} in trouble`}
        </span>
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          aria-expanded={opened}
          onClick={() => setOpened((before) => !before)}
        >
          {opened ? 'Show less' : 'Show all'}
        </Button>
      </h3>
      {shown.length === 0 ? null : (
        <div className="scroll-x">
          <table className="plain-table task-table">
            <thead>
              <tr>
                <th>Task</th>
                <th>State</th>
                <th>For</th>
                <th>Last progress</th>
                <th className="number">Restarts</th>
                <th className="number">Panics</th>
                <th>Reason</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((task) => (
                <TaskRow key={task.name} task={task} readAt={readAt} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** States of a task that does its work, has none yet, or has done all of it. */
const HEALTHY = new Set(['running', 'starting', 'stopped']);

/** A task that had to be started again deserves a look although it runs now. */
function isTroubled({ state, restarts, panics }: TaskReport): boolean {
  return !HEALTHY.has(state) || restarts > 0 || panics > 0;
}

/** Tasks that nothing is wrong with: those that run, and those that are through. */
function settled(tasks: readonly TaskReport[]): string {
  const ended = tasks.filter(({ state }) => state === 'stopped').length;
  if (ended === 0) return `all ${tasks.length} run`;
  return `${tasks.length - ended} run, ${ended} ended as ${ended === 1 ? 'it' : 'they'} should`;
}

function TaskRow({ task, readAt }: { task: TaskReport; readAt: number }) {
  const { name, state, since, lastTick, restarts, panics, reason } = task;
  return (
    <tr data-testid={`task-${name}`}>
      <td className="mono">{name}</td>
      <td>
        <ToneMark tone={TONES[state] ?? 'warn'}>{state}</ToneMark>
      </td>
      <td className="dim number-left" title={formatDateTime(since)}>
        {formatDuration(readAt - since)}
      </td>
      <td className="dim number-left">
        {lastTick === null ? '–' : `${formatDuration(readAt - lastTick)} ago`}
      </td>
      <td className="number" data-loud={restarts > 0 || undefined}>
        {restarts}
      </td>
      <td className="number" data-loud={panics > 0 || undefined}>
        {panics}
      </td>
      <td>{reason ?? ''}</td>
    </tr>
  );
}
