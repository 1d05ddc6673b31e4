import './lab-canvas.css';
import {
  type KeyboardEvent,
  memo,
  type PointerEvent,
  useCallback,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { useStore } from 'zustand';
import { deleteEntities, renameNode } from '../../graph/edits';
import type { EntityEdge, EntityNode } from '../../graph/flow-model';
import { isReadOnly } from '../../graph/graph-session';
import type { Position } from '../../protocol';
import { useGraphStatus } from '../../shared/active-session';
import { type Board, boardOf, CHIP_HEIGHT, chipWidth, toGraph, toPixels } from './board';
import type { LabClient } from './lab-client';
import { STORM_RANGES } from './storm';

/** A schematic view has no room for more nodes, and titles only for some of them. */
const SHOWN_MAX = 200;
const TITLED_MAX = 40;
const ARROW_STEP = 30;
const DOT = 10;

const ARROWS: Record<string, Position> = {
  ArrowLeft: { x: -ARROW_STEP, y: 0 },
  ArrowRight: { x: ARROW_STEP, y: 0 },
  ArrowUp: { x: 0, y: -ARROW_STEP },
  ArrowDown: { x: 0, y: ARROW_STEP },
};

/** The graph in small: everything fits, titles keep their size, and nodes can be worked on. */
export function LabCanvas({ client }: { client: LabClient }) {
  const { session } = client;
  const nodes = useStore(session.flow.store, (flow) => flow.nodes);
  const edges = useStore(session.flow.store, (flow) => flow.edges);
  const readOnly = useGraphStatus(session, isReadOnly);
  const { ref, width, height } = useSize();
  const [dragging, setDragging] = useState(false);
  const shown = useShown(client, nodes);
  const crowded = shown.length > TITLED_MAX;
  const board = useBoard(shown, width, height, dragging);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of nodes is no form
    <div className="lab-board" ref={ref} role="group" aria-label={`Graph of ${client.name}`}>
      {board === undefined ? null : (
        <>
          <Edges nodes={shown} edges={edges} board={board} />
          {shown.map((node, index) => (
            <Chip
              key={node.id}
              client={client}
              node={node}
              board={board}
              readOnly={readOnly}
              small={crowded && index >= STORM_RANGES.nodes[1]}
              onDragging={setDragging}
            />
          ))}
        </>
      )}
      {nodes.length === 0 ? <p className="lab-nothing dim">This graph is empty.</p> : null}
      {nodes.length > SHOWN_MAX ? (
        <span className="lab-board-note dim">
          {SHOWN_MAX} of {nodes.length.toLocaleString('en-GB')} nodes
        </span>
      ) : null}
    </div>
  );
}

/** The first nodes by id, which are those that a storm is about; all of them if they are few. */
function useShown({ session }: LabClient, nodes: EntityNode[]): EntityNode[] {
  const many = nodes.length > TITLED_MAX;
  // biome-ignore lint/correctness/useExhaustiveDependencies: ids change only with their number here
  const ids = useMemo(
    () =>
      nodes
        .map(({ id }) => id)
        .sort()
        .slice(0, SHOWN_MAX),
    [nodes.length],
  );
  return useMemo(
    () => (many ? ids.flatMap((id) => session.flow.node(id) ?? []) : nodes),
    [many, ids, nodes, session],
  );
}

function useSize() {
  const ref = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, ...size };
}

/** The board does not move under a hand that drags on it. */
function useBoard(nodes: EntityNode[], width: number, height: number, dragging: boolean) {
  const held = useRef<Board>(undefined);
  return useMemo(() => {
    if (width === 0 || height === 0) return undefined;
    const fresh = boardOf(
      nodes.map(({ position }) => position),
      width,
      height,
    );
    if (!dragging || held.current === undefined) held.current = fresh;
    return held.current;
  }, [nodes, width, height, dragging]);
}

function Edges(props: { nodes: EntityNode[]; edges: EntityEdge[]; board: Board }) {
  const { nodes, edges, board } = props;
  const crowded = nodes.length > TITLED_MAX;
  const middles = new Map(
    nodes.map(({ id, position }, index) => {
      const { x, y } = toPixels(board, position);
      const { width, height } = sizeOfChip(board, crowded && index >= STORM_RANGES.nodes[1]);
      return [id, { x: x + width / 2, y: y + height / 2 }];
    }),
  );
  return (
    <svg className="lab-edges" aria-hidden="true">
      {edges.map(({ id, source, target }) => {
        const [from, to] = [middles.get(source), middles.get(target)];
        if (from === undefined || to === undefined) return null;
        return <line key={id} x1={from.x} y1={from.y} x2={to.x} y2={to.y} />;
      })}
    </svg>
  );
}

function sizeOfChip(board: Board, small: boolean): { width: number; height: number } {
  return small ? { width: DOT, height: DOT } : { width: chipWidth(board), height: CHIP_HEIGHT };
}

interface ChipProps {
  client: LabClient;
  node: EntityNode;
  board: Board;
  readOnly: boolean;
  /** A dot instead of a title, until something is to be said about it. */
  small: boolean;
  onDragging: (dragging: boolean) => void;
}

const Chip = memo(function Chip(props: ChipProps) {
  const { client, node, board, readOnly } = props;
  const { session } = client;
  const { id } = node;
  const [renaming, setRenaming] = useState(false);
  const mark = useMark(client, id);
  const small = props.small && mark === undefined;
  const drag = useDrag(props);
  const at = toPixels(board, node.position);
  const place = {
    ...sizeOfChip(board, small),
    transform: `translate(${at.x}px, ${at.y}px)`,
  };
  const { title } = node.data.entity;
  if (renaming) {
    return (
      <TitleField
        title={title}
        style={place}
        onDone={(wanted) => {
          setRenaming(false);
          if (wanted !== undefined) renameNode(session, id, wanted);
        }}
      />
    );
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (readOnly || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow !== undefined) {
      const { x, y } = node.data.entity.position;
      const position = { x: x + arrow.x, y: y + arrow.y };
      client.submit({ type: 'UPDATE_NODE', payload: { id, patch: { position } } });
    } else if (event.key === 'F2' || event.key === 'Enter') setRenaming(true);
    else if (event.key === 'Delete') deleteEntities(session, [id], []);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <button
      type="button"
      className="lab-node"
      style={place}
      data-mark={mark}
      data-small={small}
      data-testid={`lab-node-${id}`}
      title={`${title}${mark === undefined ? '' : `\n${MARKS[mark]}`}`}
      aria-label={`${title || id}${mark === undefined ? '' : `, ${MARKS[mark]}`}`}
      onDoubleClick={() => readOnly || setRenaming(true)}
      onKeyDown={onKeyDown}
      {...drag}
    >
      {small ? null : <span className="lab-node-title">{title || '–'}</span>}
    </button>
  );
});

const MARKS = {
  pending: 'not confirmed yet',
  attention: 'needs attention',
  contested: 'contested: a person has to choose',
} as const;

function useMark(client: LabClient, id: string) {
  const { marks } = client.session;
  const subscribe = useCallback(
    (listener: () => void) => marks.subscribe(id, listener),
    [marks, id],
  );
  return useSyncExternalStore(subscribe, () => marks.get(id));
}

function useDrag({ client, node, board, readOnly, onDragging }: ChipProps) {
  const grip = useRef<{ pointer: Position; node: Position }>(undefined);
  const end = () => {
    if (grip.current === undefined) return;
    grip.current = undefined;
    client.mover.end();
    onDragging(false);
  };
  return {
    onPointerDown: (event: PointerEvent<HTMLButtonElement>) => {
      if (readOnly || event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      grip.current = { pointer: { x: event.clientX, y: event.clientY }, node: node.position };
    },
    onPointerMove: (event: PointerEvent<HTMLButtonElement>) => {
      if (grip.current === undefined) return;
      const { pointer, node: from } = grip.current;
      const by = toGraph(board, { x: event.clientX - pointer.x, y: event.clientY - pointer.y });
      if (by.x === 0 && by.y === 0) return;
      onDragging(true);
      client.mover.move(new Map([[node.id, { x: from.x + by.x, y: from.y + by.y }]]));
    },
    onPointerUp: end,
    onPointerCancel: end,
    onLostPointerCapture: end,
  };
}

/** Enter or leaving the field keeps the title, Escape does not. */
function TitleField(props: {
  title: string;
  style: React.CSSProperties;
  onDone: (title: string | undefined) => void;
}) {
  const cancelled = useRef(false);
  return (
    <input
      className="lab-node lab-node-field"
      style={props.style}
      aria-label="Title"
      defaultValue={props.title}
      // biome-ignore lint/a11y/noAutofocus: the person has just asked to type here
      autoFocus
      onFocus={(event) => event.currentTarget.select()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Escape') cancelled.current = true;
        if (event.key === 'Escape' || event.key === 'Enter') event.currentTarget.blur();
      }}
      onBlur={(event) => {
        const wanted = event.currentTarget.value.trim();
        props.onDone(cancelled.current || wanted === '' ? undefined : wanted);
      }}
    />
  );
}
