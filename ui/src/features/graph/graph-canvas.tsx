import '@xyflow/react/dist/base.css';
import './graph.css';
import {
  Background,
  BackgroundVariant,
  type Connection,
  type EdgeChange,
  MarkerType,
  type NodeChange,
  ReactFlow,
  SelectionMode,
  useReactFlow,
} from '@xyflow/react';
import { type MouseEvent, useCallback, useEffect, useMemo, useRef } from 'react';
import { addNode, connectNodes } from '../../graph/edits';
import type {
  EntityEdge as FlowEntityEdge,
  EntityNode as FlowEntityNode,
} from '../../graph/flow-model';
import { MoveSender } from '../../graph/move-sender';
import type { Position, Viewport } from '../../protocol';
import { startRename, useCanvasSession } from './canvas-state';
import { EntityEdge } from './entity-edge';
import { EntityNode } from './entity-node';
import { Following, stopFollowing } from './following';
import { OverviewLayer } from './overview-layer';
import { PeerLayer } from './peer-layer';
import { RolledUpSource } from './rolled-up';
import { useFit } from './use-fit';
import { useSharedPresence } from './use-presence';
import { useShown } from './use-shown';

const NODE_TYPES = { entity: EntityNode };
const EDGE_TYPES = { entity: EntityEdge };
const PLAIN_EDGE = {};
const ARROW_EDGE = {
  markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14, color: 'var(--g-edge)' },
};
const MIN_ZOOM = 0.02;
const MAX_ZOOM = 2.5;
const REMEMBER_VIEW_MS = 1_500;

/** The editable canvas: what is shown comes from the session, what hands do goes back to it. */
export function GraphCanvas({ readOnly }: { readOnly: boolean }) {
  const session = useCanvasSession();
  const shown = useShown();
  const changes = useChangeHandlers();
  const rememberView = useRememberView();
  const { screenToFlowPosition } = useReactFlow();
  const start = useStartView();
  useSharedPresence();

  const onConnect = useCallback(
    ({ source, target }: Connection) => connectNodes(session, source, target),
    [session],
  );
  const onDoubleClick = (event: MouseEvent) => {
    const onPane = (event.target as HTMLElement).classList.contains('react-flow__pane');
    if (!onPane || readOnly) return;
    const at = screenToFlowPosition({ x: event.clientX, y: event.clientY });
    const id = addNode(session, at);
    session.flow.selectOnly(new Set([id]));
    startRename(id);
  };

  return (
    <ReactFlow<FlowEntityNode, FlowEntityEdge>
      nodes={shown.nodes}
      edges={shown.edges}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      defaultEdgeOptions={shown.size === 'small' ? ARROW_EDGE : PLAIN_EDGE}
      onNodesChange={changes.onNodesChange}
      onEdgesChange={changes.onEdgesChange}
      onConnect={onConnect}
      onDoubleClick={onDoubleClick}
      onInit={start}
      onMoveStart={stopFollowingByHand}
      onMoveEnd={rememberView}
      onlyRenderVisibleElements={shown.size !== 'small'}
      nodesDraggable={!readOnly}
      nodesConnectable={!readOnly}
      elevateNodesOnSelect
      deleteKeyCode={null}
      zoomOnDoubleClick={false}
      selectionMode={SelectionMode.Partial}
      multiSelectionKeyCode={['Control', 'Meta']}
      connectionRadius={36}
      minZoom={MIN_ZOOM}
      maxZoom={MAX_ZOOM}
      nodeDragThreshold={2}
      className={shown.size === 'small' ? undefined : 'many-edges'}
      aria-label="Graph canvas"
    >
      <Background variant={BackgroundVariant.Dots} gap={24} size={1.5} />
      {shown.drawNodes || shown.drawEdges ? (
        <OverviewLayer drawNodes={shown.drawNodes} drawEdges={shown.drawEdges} />
      ) : null}
      <PeerLayer />
      <Following />
      <RolledUpSource />
    </ReactFlow>
  );
}

/** Moves without an event are the program's own. */
function stopFollowingByHand(event: unknown): void {
  if (event !== null) stopFollowing();
}

function useChangeHandlers() {
  const session = useCanvasSession();
  const mover = useMemo(() => new MoveSender(session), [session]);
  useEffect(() => () => mover.end(), [mover]);
  const onNodesChange = useCallback(
    (changes: NodeChange<FlowEntityNode>[]) => {
      const places = new Map<string, Position>();
      const selected = new Map<string, boolean>();
      let ended = false;
      for (const change of changes) {
        if (change.type === 'select') selected.set(change.id, change.selected);
        if (change.type === 'position' && change.position) {
          places.set(change.id, change.position);
          ended ||= !change.dragging;
        }
      }
      if (selected.size > 0) session.flow.setSelected(selected, 'nodes');
      if (places.size > 0) mover.move(places);
      if (ended) mover.end();
    },
    [session, mover],
  );
  const onEdgesChange = useCallback(
    (changes: EdgeChange<FlowEntityEdge>[]) => {
      const selected = new Map<string, boolean>();
      for (const change of changes) {
        if (change.type === 'select') selected.set(change.id, change.selected);
      }
      if (selected.size > 0) session.flow.setSelected(selected, 'edges');
    },
    [session],
  );
  return { onNodesChange, onEdgesChange };
}

/** Begins where this person last looked, if anything is there to see; else shows everything. */
function useStartView() {
  const session = useCanvasSession();
  const { setViewport } = useReactFlow();
  const { fitAll, seesSomething } = useFit();
  return useCallback(() => {
    const viewport = session.view ?? session.replica.viewport;
    if (viewport && seesSomething(viewport)) void setViewport(viewport);
    else fitAll();
  }, [session, setViewport, fitAll, seesSomething]);
}

function useRememberView() {
  const session = useCanvasSession();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(
    (event: unknown, viewport: Viewport) => {
      session.view = viewport;
      // Only a person's own movement is sent; a fit of the window is nobody's wish.
      if (event === null) return;
      clearTimeout(timer.current);
      timer.current = setTimeout(() => session.sendViewport(viewport), REMEMBER_VIEW_MS);
    },
    [session],
  );
}
