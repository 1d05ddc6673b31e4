import type { AppliedOperation, Change, Edge, HashedEdge, HashedNode, Node } from '../protocol';
import { patchEdge, patchNode, sameJson } from './patch';

/** Ids whose entity differs from what it was before. */
export interface Touched {
  nodes: Set<string>;
  edges: Set<string>;
}

interface Held<Entity> {
  entity: Entity;
  hash: bigint;
}

const HASH_PATTERN = /^[0-9a-f]{16}$/;

/** Parses 16 hex digits; anything else counts as a hash that can never agree. */
export function parseHash(text: string): bigint {
  return HASH_PATTERN.test(text) ? BigInt(`0x${text}`) : -1n;
}

export function formatHash(sum: bigint): string {
  return sum.toString(16).padStart(16, '0');
}

/**
 * The last state the server told us, and nothing else: no pending command ever reaches it.
 *
 * Entities are replaced, never changed in place, so that a view may compare them by reference.
 * The checksum is the wrapping 64-bit sum of the hashes that came with the entities.
 */
export class ServerState {
  readonly nodes = new Map<string, Held<Node>>();
  readonly edges = new Map<string, Held<Edge>>();
  epoch: string | undefined;
  version = 0;
  deleted = false;
  private sum = 0n;
  private readonly incident = new Map<string, Set<string>>();

  get checksum(): string {
    return formatHash(this.sum);
  }

  agreesWith(checksum: string): boolean {
    return this.sum === parseHash(checksum);
  }

  incidentEdges(nodeId: string): Iterable<string> {
    return this.incident.get(nodeId) ?? [];
  }

  /** Applies one history entry. `false`: it does not fit this state, which is then unusable. */
  applyOperation(operation: AppliedOperation, touched: Touched): boolean {
    let fits = true;
    for (const change of operation.changes) fits = this.applyChange(change, touched) && fits;
    this.version = operation.version;
    return fits;
  }

  /** Replaces everything, keeping the identity of entities that are equal. */
  replaceAll(nodes: HashedNode[], edges: HashedEdge[], touched: Touched): void {
    const oldNodes = new Map(this.nodes);
    const oldEdges = new Map(this.edges);
    this.nodes.clear();
    this.edges.clear();
    this.incident.clear();
    this.sum = 0n;
    this.deleted = false;
    for (const { node, hash } of nodes) {
      this.putNode(reuse(oldNodes.get(node.id)?.entity, node), parseHash(hash));
    }
    for (const { edge, hash } of edges) {
      this.putEdge(reuse(oldEdges.get(edge.id)?.entity, edge), parseHash(hash));
    }
    collectDifferences(oldNodes, this.nodes, touched.nodes);
    collectDifferences(oldEdges, this.edges, touched.edges);
  }

  private applyChange(change: Change, touched: Touched): boolean {
    switch (change.op) {
      case 'put_node':
        touched.nodes.add(change.node.id);
        this.putNode(change.node, parseHash(change.hash));
        return true;
      case 'patch_node': {
        const held = this.nodes.get(change.id);
        if (held === undefined) return false;
        touched.nodes.add(change.id);
        this.putNode(patchNode(held.entity, change.patch), parseHash(change.hash));
        return true;
      }
      case 'delete_node':
        this.removeNode(change.id, touched);
        return true;
      case 'put_edge':
        touched.edges.add(change.edge.id);
        this.putEdge(change.edge, parseHash(change.hash));
        return true;
      case 'patch_edge': {
        const held = this.edges.get(change.id);
        if (held === undefined) return false;
        touched.edges.add(change.id);
        this.putEdge(patchEdge(held.entity, change.patch), parseHash(change.hash));
        return true;
      }
      case 'delete_edge':
        touched.edges.add(change.id);
        this.removeEdge(change.id);
        return true;
      case 'delete_graph':
        for (const id of [...this.nodes.keys()]) this.removeNode(id, touched);
        this.deleted = true;
        return true;
      default:
        return false;
    }
  }

  private add(hash: bigint): void {
    this.sum = BigInt.asUintN(64, this.sum + hash);
  }

  private putNode(entity: Node, hash: bigint): void {
    this.add(hash - (this.nodes.get(entity.id)?.hash ?? 0n));
    this.nodes.set(entity.id, { entity, hash });
  }

  private putEdge(entity: Edge, hash: bigint): void {
    const before = this.edges.get(entity.id);
    if (before !== undefined) this.unlink(before.entity);
    this.add(hash - (before?.hash ?? 0n));
    this.edges.set(entity.id, { entity, hash });
    this.link(entity.source, entity.id);
    this.link(entity.target, entity.id);
  }

  /** The node's edges go along, whether or not the server lists them. */
  private removeNode(id: string, touched: Touched): void {
    const held = this.nodes.get(id);
    if (held === undefined) return;
    for (const edgeId of [...this.incidentEdges(id)]) {
      touched.edges.add(edgeId);
      this.removeEdge(edgeId);
    }
    touched.nodes.add(id);
    this.add(-held.hash);
    this.nodes.delete(id);
    this.incident.delete(id);
  }

  private removeEdge(id: string): void {
    const held = this.edges.get(id);
    if (held === undefined) return;
    this.unlink(held.entity);
    this.add(-held.hash);
    this.edges.delete(id);
  }

  private link(nodeId: string, edgeId: string): void {
    const edges = this.incident.get(nodeId);
    if (edges === undefined) this.incident.set(nodeId, new Set([edgeId]));
    else edges.add(edgeId);
  }

  private unlink(edge: Edge): void {
    this.incident.get(edge.source)?.delete(edge.id);
    this.incident.get(edge.target)?.delete(edge.id);
  }
}

function reuse<Entity>(before: Entity | undefined, now: Entity): Entity {
  return before !== undefined && sameJson(before, now) ? before : now;
}

function collectDifferences<Entity>(
  before: Map<string, Held<Entity>>,
  now: Map<string, Held<Entity>>,
  into: Set<string>,
): void {
  for (const [id, held] of now) if (before.get(id)?.entity !== held.entity) into.add(id);
  for (const id of before.keys()) if (!now.has(id)) into.add(id);
}
