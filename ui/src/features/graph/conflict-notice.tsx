import { Button } from '@mantine/core';
import { useRef } from 'react';
import type { GraphSession } from '../../graph/graph-session';
import { useGraphStatus } from '../../shared/active-session';
import { plural } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { useFit } from './use-fit';

/** Says that fields of this graph wait for a decision, and goes from one to the next. */
export function ConflictNotice({ session }: { session: GraphSession }) {
  const contested = useGraphStatus(session, (status) => status.contested);
  const { fitNodes } = useFit();
  const next = useRef(0);
  if (contested === 0) return null;
  const show = () => {
    const records = [...session.replica.server.conflicts.values()];
    const record = records[next.current % records.length];
    next.current += 1;
    if (record === undefined) return;
    const edge = session.replica.edge(record.entityId);
    const ids = record.entity === 'edge' && edge ? [edge.source, edge.target] : [record.entityId];
    session.flow.selectOnly(new Set([record.entityId]));
    fitNodes(new Set(ids));
  };
  return (
    <div className="panel notice contested-notice" role="status" data-testid="conflict-notice">
      <Icon name="conflict" size={15} />
      <span>
        {plural(contested, 'field')} {contested === 1 ? 'waits' : 'wait'} for a decision: two people
        changed {contested === 1 ? 'it' : 'them'} at once.
      </span>
      <Button size="compact-xs" variant="default" onClick={show}>
        Show
      </Button>
    </div>
  );
}
