import { ActionIcon } from '@mantine/core';
import { useStore } from 'zustand';
import { describeCommand, describeReason } from '../../graph/wording';
import { useGraphStatus } from '../../shared/active-session';
import { Icon } from '../../shared/icons';
import { useNow } from '../../shared/use-now';
import type { LabClient, QueuedCommand } from './lab-client';

/** Who has more than this waiting counts them instead of reading them. */
const SHOWN_MAX = 100;

const STATES: Record<QueuedCommand['progress'], string> = {
  unwritten: 'unsent',
  unsent: 'unsent',
  in_flight: 'sent',
};

/** What has no answer yet, oldest first, and what was refused. */
export function QueueList({ client }: { client: LabClient }) {
  const queue = useStore(client.look, (look) => look.queue);
  const attention = useGraphStatus(client.session, (status) => status.attention);
  const now = useNow(500);
  const refused = attention.filter(({ final }) => final);
  if (queue.length === 0 && refused.length === 0) {
    return <p className="lab-nothing dim">Nothing waits: every command has its answer.</p>;
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by key
    <section className="lab-list" tabIndex={0} aria-label={`Pending of ${client.name}`}>
      <table className="lab-table">
        <thead>
          <tr>
            <th>Operation</th>
            <th>Seq</th>
            <th>Age</th>
            <th>State</th>
          </tr>
        </thead>
        <tbody>
          {refused.map((item) => (
            <tr key={item.operationId}>
              <td colSpan={3} className="lab-warn" title={item.operationId}>
                {describeCommand(item.command)}: {describeReason(item)}
              </td>
              <td>
                <ActionIcon
                  size="xs"
                  aria-label="Dismiss"
                  onClick={() => client.session.dismiss(item.operationId)}
                >
                  <Icon name="close" size={12} />
                </ActionIcon>
              </td>
            </tr>
          ))}
          {queue.slice(0, SHOWN_MAX).map(({ envelope, progress }) => (
            <tr key={envelope.operationId} data-progress={progress}>
              <td title={`${envelope.type} ${envelope.operationId}`}>
                {describeCommand(envelope)}
                <span className="dim"> {envelope.type}</span>
              </td>
              <td>{envelope.seq}</td>
              <td>{ageOf(envelope.operationId, now)}</td>
              <td>{STATES[progress]}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {queue.length > SHOWN_MAX ? <p className="dim">and {queue.length - SHOWN_MAX} more</p> : null}
    </section>
  );
}

/** An operation id is a UUIDv7: its first 48 bits say when it was made, on the real clock. */
function ageOf(operationId: string, now: number): string {
  const madeAt = Number.parseInt(operationId.replaceAll('-', '').slice(0, 12), 16);
  const ms = Math.max(0, now - madeAt);
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}
