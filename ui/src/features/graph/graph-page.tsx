import { Button, Progress } from '@mantine/core';
import { ReactFlowProvider } from '@xyflow/react';
import { useStore } from 'zustand';
import { type GraphSession, isReadOnly } from '../../graph/graph-session';
import { readOnlyReason } from '../../graph/wording';
import { useGraphStatus, useSession } from '../../shared/active-session';
import { formatClock, plural } from '../../shared/format';
import { openNewGraph } from '../../shared/graph-dialogs';
import { useGraphSlots } from '../../shared/graph-slots';
import { navigate } from '../../shared/route';
import { FailureBox, LoadingBox, StateBox } from '../../shared/state-box';
import { useRpcQuery } from '../../shared/use-rpc';
import { AttentionPanel } from './attention-panel';
import { CanvasSessionProvider } from './canvas-state';
import { ConflictNotice } from './conflict-notice';
import { DropZone } from './drop-zone';
import { GraphCanvas } from './graph-canvas';
import { MiniMap } from './mini-map';
import { PeerAvatars } from './peer-avatars';
import { SearchPanel } from './search-panel';
import { ImportButton, Toolbar } from './toolbar';
import { useCanvasActions, useCanvasKeys, useOfferActions } from './use-canvas-actions';
import { useFocusOnRequest } from './use-focus-request';

export default function GraphPage() {
  const session = useSession();
  return (
    <DropZone>
      {session === undefined ? (
        <NoGraph />
      ) : (
        <CanvasSessionProvider value={session}>
          <OpenGraph session={session} key={session.graphId} />
        </CanvasSessionProvider>
      )}
    </DropZone>
  );
}

function NoGraph() {
  const { data, error, refetch } = useRpcQuery('graphs.list', {});
  if (error) {
    return (
      <FailureBox
        title="The list of graphs cannot be read"
        cause={error}
        onRetry={() => void refetch()}
      />
    );
  }
  if (data === undefined || data.graphs.length > 0) return <LoadingBox what="the graph" />;
  return (
    <StateBox
      title="No graphs yet"
      actions={
        <>
          <Button onClick={openNewGraph}>New graph</Button>
          <ImportButton />
        </>
      }
    >
      Make an empty one, or bring in the dependencies of a project: drop its Cargo.lock or
      package-lock.json here.
    </StateBox>
  );
}

function OpenGraph({ session }: { session: GraphSession }) {
  const loaded = useGraphStatus(session, (status) => status.loaded);
  const deleted = useGraphStatus(session, (status) => status.deleted);
  const connection = useGraphStatus(session, (status) => status.connection);
  const access = useGraphStatus(session, (status) => status.access);
  if (deleted || (connection.state === 'closed' && connection.code === 'not_found')) {
    return (
      <StateBox
        title={deleted ? 'This graph was deleted' : 'There is no such graph'}
        actions={<Button onClick={() => navigate('graph')}>Open another graph</Button>}
      >
        {deleted
          ? 'Somebody deleted it while it was open.'
          : `Nothing is stored as ${session.graphId}.`}
      </StateBox>
    );
  }
  if (access === 'none' || (connection.state === 'closed' && connection.code === 'forbidden')) {
    return <NoAccess session={session} />;
  }
  if (!loaded && connection.state === 'closed') {
    return <FailureBox title="The graph cannot be opened" cause={connection} />;
  }
  if (!loaded) return <Opening session={session} />;
  return (
    <ReactFlowProvider>
      <Editor session={session} />
    </ReactFlowProvider>
  );
}

function NoAccess({ session }: { session: GraphSession }) {
  const unsent = useGraphStatus(session, (status) => status.pendingCount);
  return (
    <StateBox
      title="This graph is not shared with you"
      actions={
        <>
          <Button variant="default" onClick={() => window.location.reload()}>
            Try again
          </Button>
          <Button onClick={() => navigate('graph')}>Open another graph</Button>
        </>
      }
    >
      Its owner decides who may see it; ask them for access to {session.graphId}.
      {unsent > 0 ? ` ${plural(unsent, 'change')} of yours could not be sent.` : ''}
    </StateBox>
  );
}

function Opening({ session }: { session: GraphSession }) {
  const progress = useGraphStatus(session, (status) => status.syncProgress);
  const connection = useGraphStatus(session, (status) => status.connection);
  if (connection.state === 'offline') {
    return (
      <StateBox title="The server cannot be reached">
        Attempt {connection.attempt}; the graph opens as soon as it answers.
      </StateBox>
    );
  }
  if (progress === undefined) return <LoadingBox what="the graph" />;
  return (
    <div className="state-box" role="status">
      <Progress
        value={(100 * progress.chunk) / progress.chunks}
        w={280}
        aria-label="Loading the graph"
      />
      <p>
        Loading the graph, part {progress.chunk} of {progress.chunks}
      </p>
    </div>
  );
}

function Editor({ session }: { session: GraphSession }) {
  const readOnly = useGraphStatus(session, isReadOnly);
  const reason = useGraphStatus(session, ({ role, access }) => readOnlyReason(role, access));
  const selected = useStore(
    session.flow.store,
    (flow) => flow.nodes.filter((node) => node.selected).length,
  );
  const selectedEdges = useStore(
    session.flow.store,
    (flow) => flow.edges.filter((edge) => edge.selected).length,
  );
  const actions = useCanvasActions();
  useCanvasKeys(actions);
  useOfferActions(actions);
  useFocusOnRequest(session);
  const { side } = useGraphSlots();
  return (
    <>
      <GraphCanvas readOnly={readOnly} />
      <div className="canvas-top">
        <Toolbar actions={actions} readOnly={readOnly} selected={selected + selectedEdges} />
        <SearchPanel />
      </div>
      <div className="canvas-side">
        <PeerAvatars />
        <ConnectionNotice session={session} />
        {reason ? (
          <div className="panel notice" role="status">
            Read only. {reason}
          </div>
        ) : null}
        <ConflictNotice session={session} />
        <AttentionPanel />
      </div>
      <EmptyHint session={session} readOnly={readOnly} />
      <div className="canvas-foot">
        <Counts session={session} selected={selected} selectedEdges={selectedEdges} />
        <MiniMap />
      </div>
      {side}
    </>
  );
}

function Counts(props: { session: GraphSession; selected: number; selectedEdges: number }) {
  const { selected, selectedEdges } = props;
  const nodes = useGraphStatus(props.session, (status) => status.nodeCount);
  const edges = useGraphStatus(props.session, (status) => status.edgeCount);
  const chosen = [
    selected > 0 ? plural(selected, 'node') : '',
    selectedEdges > 0 ? plural(selectedEdges, 'edge') : '',
  ].filter((part) => part !== '');
  return (
    <div className="counts">
      {plural(nodes, 'node')} · {plural(edges, 'edge')}
      {chosen.length > 0 ? ` · ${chosen.join(', ')} selected` : ''}
    </div>
  );
}

/** Says that what is shown may be old, and of when it is. */
function ConnectionNotice({ session }: { session: GraphSession }) {
  const connection = useGraphStatus(session, (status) => status.connection);
  const heardAt = useGraphStatus(session, (status) => status.heardAt);
  const pending = useGraphStatus(session, (status) => status.pendingCount);
  if (connection.state === 'online' || heardAt === undefined) return null;
  if (connection.state === 'closed') {
    return (
      <div className="panel notice" role="alert">
        Disconnected: {connection.message}. What you see is of {formatClock(heardAt)}.
      </div>
    );
  }
  return (
    <div className="panel notice" role="status">
      Offline. What you see is of {formatClock(heardAt)};{' '}
      {pending === 0 ? 'changes' : plural(pending, 'change')} will be sent on return.
    </div>
  );
}

function EmptyHint({ session, readOnly }: { session: GraphSession; readOnly: boolean }) {
  const empty = useGraphStatus(session, (status) => status.nodeCount === 0);
  if (!empty) return null;
  return (
    <div className="empty-hint">
      <div>This graph is empty</div>
      {readOnly ? null : (
        <div className="dim">
          Double-click to add a node, press <kbd>N</kbd>, or drop a lock file to import it.
        </div>
      )}
    </div>
  );
}
