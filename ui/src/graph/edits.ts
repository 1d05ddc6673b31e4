/** What a person can do to a graph, as commands. */
import type { Edge, Node, Position, SimpleCommand } from '../protocol';
import { uuidV7 } from '../shared/ids';
import { boxOf } from './flow-model';
import { NODE_HEIGHT, NODE_WIDTH, roundPosition } from './geometry';
import type { GraphSession } from './graph-session';

const PASTE_OFFSET = 32;

export interface Clipboard {
  nodes: Node[];
  edges: Edge[];
}

const GAP = 24;
const SEARCH_RINGS_MAX = 8;

/** The place nearest to `center` where a new node covers no other; `center` if all are taken. */
export function freePlace(session: GraphSession, center: Position): Position {
  const stepX = (NODE_WIDTH + GAP) / 2;
  const stepY = (NODE_HEIGHT + GAP) / 2;
  const boxes = session.flow.store.getState().nodes.map(boxOf);
  const isFree = ({ x, y }: Position) =>
    boxes.every(
      (box) =>
        x + NODE_WIDTH / 2 <= box.x ||
        x - NODE_WIDTH / 2 >= box.x + box.width ||
        y + NODE_HEIGHT / 2 <= box.y ||
        y - NODE_HEIGHT / 2 >= box.y + box.height,
    );
  for (let ring = 0; ring <= SEARCH_RINGS_MAX; ring += 1) {
    for (let row = -ring; row <= ring; row += 1) {
      for (let column = -ring; column <= ring; column += 1) {
        if (Math.max(Math.abs(row), Math.abs(column)) !== ring) continue;
        const place = { x: center.x + column * stepX, y: center.y + row * stepY };
        if (isFree(place)) return place;
      }
    }
  }
  return center;
}

/** Adds a node around `center` and returns its id. */
export function addNode(session: GraphSession, center: Position): string {
  const id = uuidV7();
  const position = roundPosition({ x: center.x - NODE_WIDTH / 2, y: center.y - NODE_HEIGHT / 2 });
  session.submit({
    type: 'CREATE_NODE',
    payload: { id, kind: 'default', title: 'New node', position, data: {} },
  });
  return id;
}

export function renameNode(session: GraphSession, id: string, title: string): void {
  const node = session.replica.node(id);
  if (node === undefined || node.title === title) return;
  session.submit({ type: 'UPDATE_NODE', payload: { id, patch: { title } } });
}

export function connectNodes(session: GraphSession, source: string, target: string): void {
  const exists = session.replica.incidentEdges(source).some((id) => {
    const edge = session.replica.edge(id);
    return edge?.source === source && edge.target === target;
  });
  if (exists) return;
  session.submit({ type: 'CREATE_EDGE', payload: { id: uuidV7(), source, target, data: {} } });
}

/** Deletes what is selected; edges of deleted nodes go along by themselves. */
export function deleteEntities(
  session: GraphSession,
  nodeIds: readonly string[],
  edgeIds: readonly string[],
): void {
  const gone = new Set(nodeIds);
  const operations: SimpleCommand[] = edgeIds.flatMap((id) => {
    const edge = session.replica.edge(id);
    const goesAlong = edge === undefined || gone.has(edge.source) || gone.has(edge.target);
    return goesAlong ? [] : [{ type: 'DELETE_EDGE' as const, payload: { id } }];
  });
  for (const id of nodeIds) operations.push({ type: 'DELETE_NODE', payload: { id } });
  session.submitAll(operations);
}

/** The nodes and every edge between two of them. */
export function copyNodes(session: GraphSession, nodeIds: readonly string[]): Clipboard {
  const chosen = new Set(nodeIds);
  const edgeIds = new Set<string>();
  const nodes: Node[] = [];
  for (const id of nodeIds) {
    const node = session.replica.node(id);
    if (node !== undefined) nodes.push(node);
    for (const edgeId of session.replica.incidentEdges(id)) edgeIds.add(edgeId);
  }
  const edges = [...edgeIds].flatMap((id) => {
    const edge = session.replica.edge(id);
    return edge && chosen.has(edge.source) && chosen.has(edge.target) ? [edge] : [];
  });
  return { nodes, edges };
}

/** Adds copies under new ids, the `times`-th paste a step further away; returns the node ids. */
export function paste(session: GraphSession, clipboard: Clipboard, times: number): string[] {
  const newIds = new Map(clipboard.nodes.map((node) => [node.id, uuidV7()]));
  const renamed = (id: string) => newIds.get(id) ?? id;
  const offset = PASTE_OFFSET * times;
  const operations: SimpleCommand[] = clipboard.nodes.map((node) => {
    const payload: Node = {
      ...node,
      id: renamed(node.id),
      position: { x: node.position.x + offset, y: node.position.y + offset },
    };
    // A parent that was not copied along may not exist in the graph that is pasted into.
    if (node.parent !== undefined) {
      const parent = newIds.get(node.parent);
      if (parent === undefined) delete payload.parent;
      else payload.parent = parent;
    }
    return { type: 'CREATE_NODE', payload };
  });
  for (const edge of clipboard.edges) {
    const { source, target } = edge;
    operations.push({
      type: 'CREATE_EDGE',
      payload: { ...edge, id: uuidV7(), source: renamed(source), target: renamed(target) },
    });
  }
  session.submitAll(operations);
  return [...newIds.values()];
}
