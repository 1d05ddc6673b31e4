import { Button, Popover } from '@mantine/core';
import { useState } from 'react';
import type { GraphSession } from '../graph/graph-session';
import { saveStatus } from '../graph/wording';
import { useGraphStatus, useSession } from '../shared/active-session';
import { Flyout } from '../shared/flyout';
import { plural } from '../shared/format';
import { useRpcMutation } from '../shared/use-rpc';

/** Whether this person's work is safe, in one word; the facts behind it on a click. */
export function StatusChip() {
  const session = useSession();
  return session === undefined ? null : <ChipOfGraph session={session} key={session.graphId} />;
}

/** A graph that does not exist has nothing to save. */
function ChipOfGraph({ session }: { session: GraphSession }) {
  const missing = useGraphStatus(
    session,
    ({ connection }) => connection.state === 'closed' && connection.code === 'not_found',
  );
  return missing ? null : <SessionChip session={session} />;
}

function SessionChip({ session }: { session: GraphSession }) {
  const [opened, setOpened] = useState(false);
  const state = useGraphStatus(session, (status) => saveStatus(status).state);
  const text = useGraphStatus(session, (status) => saveStatus(status).text);
  return (
    <Flyout opened={opened} onChange={setOpened} position="bottom-start" width={340}>
      <Popover.Target>
        <button
          type="button"
          className="chip"
          data-state={state}
          data-testid="status-chip"
          aria-label={`Status: ${text}`}
          onClick={() => setOpened((before) => !before)}
        >
          <span className="chip-dot" />
          <span role="status">{text}</span>
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <Facts session={session} />
      </Popover.Dropdown>
    </Flyout>
  );
}

function Facts({ session }: { session: GraphSession }) {
  const status = useGraphStatus(session, (whole) => whole);
  const verify = useRpcMutation('graph.verify', 'The graph could not be verified');
  const { connection } = status;
  return (
    <>
      <dl className="facts">
        <dt>Connection</dt>
        <dd>{describeConnection(connection)}</dd>
        <dt>Unconfirmed</dt>
        <dd>
          {plural(status.pendingCount, 'change')}
          <span className="dim">
            {status.durable ? ', kept over a restart' : ', lost if this page is left'}
          </span>
        </dd>
        <dt>Needs attention</dt>
        <dd>{status.attention.length}</dd>
        <dt>Version</dt>
        <dd>
          {status.version.toLocaleString('en-GB')}
          <span className="dim"> in epoch </span>
          <span className="mono">{status.epoch?.slice(0, 8) ?? '–'}</span>
        </dd>
        <dt>Checksum</dt>
        <dd>
          <span className="mono">{status.checksum || '–'}</span>
          <span className="dim">{status.inSync ? ' agrees' : ' not proven'}</span>
        </dd>
        <dt>Last confirmation</dt>
        <dd>{status.lastAckMs === undefined ? '–' : `${status.lastAckMs.toFixed(0)} ms`}</dd>
        <dt>Contents</dt>
        <dd>
          {plural(status.nodeCount, 'node')}, {plural(status.edgeCount, 'edge')}
        </dd>
        <dt>Your role</dt>
        <dd>
          {status.role ?? '–'}
          <span className="dim"> with </span>
          {status.access ?? '–'}
          <span className="dim"> in this graph</span>
        </dd>
      </dl>
      <Button
        variant="default"
        mt="sm"
        // Not disabled meanwhile: it would lose the focus, and Escape with it.
        onClick={() => verify.isPending || verify.mutate({ graphId: session.graphId })}
      >
        {verify.isPending ? 'Verifying…' : 'Verify what is stored'}
      </Button>
      {verify.data ? (
        <p role="status" style={{ margin: '10px 0 0' }}>
          {verify.data.matches
            ? `Stored state and checksum agree at version ${verify.data.version}.`
            : `Stored checksum ${verify.data.storedChecksum}, but the entities give ${verify.data.computedChecksum}.`}
        </p>
      ) : null}
    </>
  );
}

function describeConnection(connection: import('../platform').ConnectionStatus): string {
  switch (connection.state) {
    case 'online':
      return 'online';
    case 'connecting':
      return 'connecting…';
    case 'offline':
      return `offline, attempt ${connection.attempt}, again in ${(connection.retryInMs / 1000).toFixed(1)} s`;
    case 'closed':
      return `closed: ${connection.message}`;
  }
}
