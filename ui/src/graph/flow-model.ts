import type { Edge as FlowEdge, Node as FlowNode, Position as Side } from '@xyflow/react';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Edge, Node, Position } from '../protocol';
import type { Replica, ViewChange } from '../replica';
import { type Box, sizeOf } from './geometry';

export type EntityNode = FlowNode<{ entity: Node }, 'entity'>;
export type EntityEdge = FlowEdge<{ entity: Edge }, 'entity'>;

export interface Flow {
  nodes: EntityNode[];
  edges: EntityEdge[];
}

/** Where a node is on the canvas at the moment. */
export function boxOf({ position, width, height }: EntityNode): Box {
  return { x: position.x, y: position.y, width: width ?? 0, height: height ?? 0 };
}

// The enum's values, without loading the canvas library into the shell's bundle.
const TOP = 'top' as string as Side;
const BOTTOM = 'bottom' as string as Side;

/**
 * The replica's view as arrays for the canvas, kept up to date entity by entity: an entry is
 * replaced only when its own entity, place or selection changed.
 *
 * A node under a finger stays where the finger is (`hold`), whatever the replica says.
 */
export class FlowModel {
  readonly store: StoreApi<Flow> = createStore(() => ({ nodes: [], edges: [] }));
  private nodes = new Slots<EntityNode>();
  private edges = new Slots<EntityEdge>();
  private readonly held = new Map<string, Position>();

  constructor(private readonly replica: Replica) {}

  node(id: string): EntityNode | undefined {
    return this.nodes.get(id);
  }

  apply(change: ViewChange): void {
    if (change.nodes.size === 0 && change.edges.size === 0) return;
    for (const id of change.nodes) this.refreshNode(id);
    for (const id of change.edges) this.refreshEdge(id);
    this.publish();
  }

  /** Moves nodes on the canvas only; `release` gives them back to the replica. */
  hold(positions: ReadonlyMap<string, Position>): void {
    for (const [id, position] of positions) {
      const node = this.nodes.get(id);
      if (node === undefined) continue;
      this.held.set(id, position);
      this.nodes.put(id, { ...node, position });
    }
    this.publish();
  }

  release(ids: Iterable<string>): void {
    for (const id of ids) {
      this.held.delete(id);
      this.refreshNode(id);
    }
    this.publish();
  }

  setSelected(ids: ReadonlyMap<string, boolean>, kind: 'nodes' | 'edges'): void {
    for (const [id, selected] of ids) {
      if (kind === 'nodes') {
        const node = this.nodes.get(id);
        if (node) this.nodes.put(id, { ...node, selected });
      } else {
        const edge = this.edges.get(id);
        if (edge) this.edges.put(id, { ...edge, selected });
      }
    }
    this.publish();
  }

  /** Makes `ids` the whole selection. */
  selectOnly(ids: ReadonlySet<string>): void {
    const { nodes, edges } = this.store.getState();
    for (const node of nodes) {
      const selected = ids.has(node.id);
      if ((node.selected ?? false) !== selected) this.nodes.put(node.id, { ...node, selected });
    }
    for (const edge of edges) {
      const selected = ids.has(edge.id);
      if ((edge.selected ?? false) !== selected) this.edges.put(edge.id, { ...edge, selected });
    }
    this.publish();
  }

  private refreshNode(id: string): void {
    const entity = this.replica.node(id);
    const before = this.nodes.get(id);
    if (entity === undefined) {
      this.held.delete(id);
      this.nodes.remove(id);
      return;
    }
    const position = this.held.get(id) ?? entity.position;
    if (before?.data.entity === entity && before.position === position) return;
    this.nodes.put(id, toFlowNode(entity, position, before));
  }

  private refreshEdge(id: string): void {
    const entity = this.replica.edge(id);
    const before = this.edges.get(id);
    if (entity === undefined) this.edges.remove(id);
    else if (before?.data?.entity !== entity) {
      const { source, target } = entity;
      const selected = before?.selected ?? false;
      this.edges.put(id, { id, source, target, type: 'entity', selected, data: { entity } });
    }
  }

  private publish(): void {
    const flow = this.store.getState();
    const nodes = this.nodes.list();
    const edges = this.edges.list();
    if (nodes !== flow.nodes || edges !== flow.edges) this.store.setState({ nodes, edges });
  }
}

function toFlowNode(entity: Node, position: Position, before: EntityNode | undefined): EntityNode {
  const { width, height } = sizeOf(entity);
  return {
    id: entity.id,
    type: 'entity',
    position,
    width,
    height,
    // Known sizes and handles spare the canvas from mounting every node once to measure it.
    measured: { width, height },
    handles: [
      { type: 'target', position: TOP, x: width / 2, y: 0, width: 1, height: 1 },
      { type: 'source', position: BOTTOM, x: width / 2, y: height, width: 1, height: 1 },
    ],
    selected: before?.selected ?? false,
    ariaLabel: `node ${entity.title || entity.id}`,
    data: { entity },
  };
}

/** An array with stable order and replacement by id; `list` is new only after a change. */
class Slots<Item extends { id: string }> {
  private items: Item[] = [];
  private index = new Map<string, number>();
  private removed = false;
  private dirty = false;

  get(id: string): Item | undefined {
    const at = this.index.get(id);
    return at === undefined ? undefined : this.items[at];
  }

  put(id: string, item: Item): void {
    this.own();
    const at = this.index.get(id);
    if (at !== undefined) this.items[at] = item;
    else {
      this.index.set(id, this.items.length);
      this.items.push(item);
    }
  }

  remove(id: string): void {
    if (!this.index.has(id)) return;
    this.own();
    this.index.delete(id);
    this.removed = true;
  }

  list(): Item[] {
    if (this.removed) {
      this.items = this.items.filter((item, at) => this.index.get(item.id) === at);
      this.index = new Map(this.items.map((item, at) => [item.id, at]));
      this.removed = false;
    }
    this.dirty = false;
    return this.items;
  }

  /** The array given out last stays as it was; the first change after it works on a copy. */
  private own(): void {
    if (this.dirty) return;
    this.items = this.items.slice();
    this.dirty = true;
  }
}
