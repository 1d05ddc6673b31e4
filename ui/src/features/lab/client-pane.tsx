import { SegmentedControl, Switch, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { useStore } from 'zustand';
import { addNode, freePlace } from '../../graph/edits';
import { type GraphStatus, isReadOnly } from '../../graph/graph-session';
import { saveStatus } from '../../graph/wording';
import { useGraphStatus } from '../../shared/active-session';
import { Icon } from '../../shared/icons';
import { FailureBox, LoadingBox, StateBox } from '../../shared/state-box';
import { BOARD_MIDDLE } from './board';
import { ConditionsPanel } from './conditions-panel';
import { FrameList } from './frame-list';
import { LabCanvas } from './lab-canvas';
import type { LabClient } from './lab-client';
import { useLab } from './lab-context';
import { NumbersPanel } from './numbers-panel';
import { QueueList } from './queue-list';

type Tab = 'queue' | 'frames';

/** One client: its network, its canvas, its figures, and what waits and passes. */
export function ClientPane({ client }: { client: LabClient }) {
  const [tab, setTab] = useState<Tab>('queue');
  const waiting = useStore(client.look, ({ queue }) => queue.length);
  const frames = useStore(client.look, (look) => look.frames);
  const refused = useGraphStatus(client.session, (status) => status.attention.length);
  const letter = client.name.slice(-1).toLowerCase();
  return (
    <section className="panel lab-pane" aria-label={client.name} data-testid={`lab-${letter}`}>
      <PaneHead client={client} />
      <ConditionsPanel client={client} />
      <Board client={client} />
      <NumbersPanel client={client} />
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label={`What to look at of ${client.name}`}
        value={tab}
        onChange={(value) => setTab(value as Tab)}
        data={[
          { value: 'queue', label: `Pending (${waiting + refused})` },
          { value: 'frames', label: `Frames (${frames.toLocaleString('en-GB')})` },
        ]}
      />
      {tab === 'queue' ? <QueueList client={client} /> : <FrameList client={client} />}
    </section>
  );
}

function PaneHead({ client }: { client: LabClient }) {
  const lab = useLab();
  const { session } = client;
  const state = useGraphStatus(session, (status) => stateOf(status).state);
  const text = useGraphStatus(session, (status) => stateOf(status).text);
  const offline = useStore(client.look, ({ conditions }) => conditions.offline);
  return (
    <header className="lab-pane-head">
      <h2 className="section-title">{client.name}</h2>
      <span className="live-state lab-state" role="status" title={text}>
        <span className="chip-dot" data-state={dotOf(state)} />
        <span className="lab-state-text">{text}</span>
      </span>
      <AddButton client={client} />
      <Tooltip label="Break the connection once; it comes back by itself">
        <button
          type="button"
          className="lab-small-button"
          aria-label={`Cut the connection of ${client.name}`}
          onClick={() => client.network.cut()}
          disabled={offline}
        >
          <Icon name="close" size={12} />
        </button>
      </Tooltip>
      <Switch
        size="xs"
        label="Offline"
        checked={offline}
        onChange={(event) => lab.set(client, { offline: event.currentTarget.checked })}
        aria-label={`${client.name} offline`}
      />
    </header>
  );
}

/** A Lab client keeps nothing beyond its page, so saying so each time is no news. */
function stateOf(status: GraphStatus) {
  return saveStatus({ ...status, durable: true });
}

function AddButton({ client }: { client: LabClient }) {
  const readOnly = useGraphStatus(client.session, isReadOnly);
  return (
    <Tooltip label="Add a node">
      <button
        type="button"
        className="lab-small-button"
        aria-label={`Add a node as ${client.name}`}
        onClick={() => addNode(client.session, freePlace(client.session, BOARD_MIDDLE))}
        disabled={readOnly}
      >
        <Icon name="plus" size={12} />
      </button>
    </Tooltip>
  );
}

function dotOf(state: ReturnType<typeof saveStatus>['state']): string | undefined {
  if (state === 'saved') return 'saved';
  return state === 'offline' || state === 'attention' ? 'stale' : undefined;
}

function Board({ client }: { client: LabClient }) {
  const { session } = client;
  const loaded = useGraphStatus(session, (status) => status.loaded);
  const connection = useGraphStatus(session, (status) => status.connection);
  if (connection.state === 'closed') {
    return (
      <div className="lab-board">
        <FailureBox title="The connection has ended" cause={connection} />
      </div>
    );
  }
  if (!loaded) {
    return (
      <div className="lab-board">
        {connection.state === 'offline' ? (
          <StateBox title="Not connected yet">Attempt {connection.attempt}.</StateBox>
        ) : (
          <LoadingBox what="the graph" />
        )}
      </div>
    );
  }
  return <LabCanvas client={client} />;
}
