import './lab.css';
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { ApiFailure } from '../../platform';
import { useGraphStatus } from '../../shared/active-session';
import { usePlatform } from '../../shared/platform-context';
import { navigate, useRoute } from '../../shared/route';
import { FailureBox, LoadingBox, StateBox } from '../../shared/state-box';
import { ClientPane } from './client-pane';
import { Lab } from './lab';
import { LabBar } from './lab-bar';
import { type LabClient, realConnections } from './lab-client';
import { LabProvider, useLabState } from './lab-context';
import { labServer } from './lab-server';
import { RunPanel } from './run-panel';
import { Start } from './start';

/** Several clients side by side on one graph, each with a network that can be made worse. */
export default function LabPage() {
  const platform = usePlatform();
  const { graphId } = useRoute();
  const [attempt, setAttempt] = useState(0);
  if (platform.directAccess === undefined) {
    return (
      <StateBox title="The Lab needs connections of its own">
        This program does not let its pages open any.
      </StateBox>
    );
  }
  if (graphId === undefined) return <Start />;
  const again = () => setAttempt(attempt + 1);
  return <OpenLab graphId={graphId} onRetry={again} key={`${graphId} ${attempt}`} />;
}

function OpenLab({ graphId, onRetry }: { graphId: string; onRetry: () => void }) {
  const { lab, failure } = useOpenLab(graphId);
  if (failure !== undefined) {
    return <FailureBox title="The Lab cannot connect" cause={failure} onRetry={onRetry} />;
  }
  if (lab === undefined) return <LoadingBox what="the Lab" />;
  return (
    <LabProvider value={lab}>
      <GraphOfLab />
    </LabProvider>
  );
}

/** The Lab lives as long as the page is open: its clients leave with it. */
function useOpenLab(graphId: string) {
  const platform = usePlatform();
  const [lab, setLab] = useState<Lab>();
  const [failure, setFailure] = useState<ApiFailure>();
  useEffect(() => {
    let undo: () => void = () => undefined;
    let left = false;
    const asked = platform.directAccess?.() ?? Promise.reject(new Error('not on this host'));
    asked.then(
      (access) => {
        if (left) return access.release();
        const opened = new Lab({
          graphId,
          origin: () => access.origin,
          open: realConnections(access),
          server: labServer(platform, graphId),
        });
        setLab(opened);
        undo = () => {
          opened.close();
          access.release();
          setLab(undefined);
        };
      },
      (cause) => left || setFailure(ApiFailure.from(cause)),
    );
    return () => {
      left = true;
      undo();
    };
  }, [platform, graphId]);
  return { lab, failure };
}

function GraphOfLab() {
  const first = useLabState(({ clients }) => clients[0]);
  return first === undefined ? null : <GraphThere client={first} />;
}

/** Without a graph there is nothing to see side by side. */
function GraphThere({ client }: { client: LabClient }) {
  const deleted = useGraphStatus(client.session, (status) => status.deleted);
  const missing = useGraphStatus(
    client.session,
    ({ connection }) => connection.state === 'closed' && connection.code === 'not_found',
  );
  if (!deleted && !missing) return <Benches />;
  return (
    <StateBox
      title={deleted ? 'This graph was deleted' : 'There is no such graph'}
      actions={<Button onClick={() => navigate('lab')}>Choose another graph</Button>}
    >
      {deleted ? 'Its clients have nothing left to work on.' : undefined}
    </StateBox>
  );
}

function Benches() {
  const clients = useLabState((state) => state.clients);
  return (
    <div className="lab">
      <LabBar />
      <RunPanel />
      <div className="lab-panes" data-count={clients.length}>
        {clients.map((client) => (
          <ClientPane key={client.place} client={client} />
        ))}
      </div>
    </div>
  );
}
