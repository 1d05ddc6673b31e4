import { Button, Progress } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useState } from 'react';
import type { ListedConflict } from '../../generated/ListedConflict';
import { plural } from '../../shared/format';
import { keyOf, tickOnly } from './conflict-view';
import { type End, useSettleMany } from './use-settle';
import { announce, type PersonChoice } from './wording';

const MODAL = 'settle-many';

export function openSettleMany(conflicts: readonly ListedConflict[], choice: PersonChoice): void {
  modals.open({
    modalId: MODAL,
    title: `Settle ${plural(conflicts.length, 'conflict')}`,
    size: 'lg',
    children: <SettleMany conflicts={conflicts} choice={choice} />,
  });
}

/** Says what it will do, does it, and says of each conflict how it ended. */
function SettleMany(props: { conflicts: readonly ListedConflict[]; choice: PersonChoice }) {
  const { conflicts, choice } = props;
  const [ends, setEnds] = useState<ReadonlyMap<string, End>>(new Map());
  const [phase, setPhase] = useState<'asking' | 'running' | 'done'>('asking');
  const settle = useSettleMany();
  const failed = [...ends.values()].filter((end) => end.failed).length;
  const run = async () => {
    setPhase('running');
    await settle(conflicts, choice, (key, end) =>
      setEnds((before) => new Map(before).set(key, end)),
    );
    tickOnly([]);
    setPhase('done');
  };
  return (
    <div className="settle-many">
      <p>
        <strong>{announce(conflicts, choice)}</strong> Each becomes a version of its graph;
        everybody who has it open sees it at once.
      </p>
      {phase === 'asking' ? null : (
        <>
          <Progress
            value={(100 * ends.size) / conflicts.length}
            aria-label="Conflicts settled"
            transitionDuration={120}
          />
          <p role="status">
            {ends.size - failed} of {conflicts.length} settled
            {failed > 0 ? `, ${failed} not` : ''}
          </p>
        </>
      )}
      <div className="settle-many-list">
        <table className="plain-table">
          <thead>
            <tr>
              <th>Graph</th>
              <th>Field</th>
              <th>Outcome</th>
            </tr>
          </thead>
          <tbody>
            {conflicts.map((conflict) => (
              <EndRow key={keyOf(conflict)} conflict={conflict} end={ends.get(keyOf(conflict))} />
            ))}
          </tbody>
        </table>
      </div>
      <div className="settle-many-foot">
        <Button variant="default" onClick={() => modals.close(MODAL)}>
          {phase === 'asking' ? 'Cancel' : 'Close'}
        </Button>
        {phase === 'done' ? null : (
          <Button data-autofocus loading={phase === 'running'} onClick={() => void run()}>
            Choose {choice} for {conflicts.length === 1 ? 'it' : `all ${conflicts.length}`}
          </Button>
        )}
      </div>
    </div>
  );
}

function EndRow({ conflict, end }: { conflict: ListedConflict; end: End | undefined }) {
  const { graphName, note } = conflict;
  return (
    <tr>
      <td>{graphName}</td>
      <td>
        {note.field} of <span className="mono">{note.entityId}</span>
      </td>
      <td className={end?.failed ? 'bad' : 'dim'}>{end?.text ?? 'waits'}</td>
    </tr>
  );
}
