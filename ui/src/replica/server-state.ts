import type {
  AppliedOperation,
  Change,
  ConflictRecord,
  Edge,
  GraphSettings,
  HashedEdge,
  HashedNode,
  Node,
} from '../protocol';
import { bucketOf, bucketSums } from './buckets';
import type { Footprint } from './footprint';
import { patchEdge, patchNode, sameJson } from './patch';

/** Ids whose entity differs from what it was before, or is contested or settled. */
export interface Touched {
  nodes: Set<string>;
  edges: Set<string>;
  contested: Set<string>;
}

/** Everything that a full state brings. */
export interface WholeState {
  nodes: HashedNode[];
  edges: HashedEdge[];
  conflicts?: ConflictRecord[];
  settings?: GraphSettings;
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
  /** The conflicts that wait for a person, by their ids. */
  readonly conflicts = new Map<string, ConflictRecord>();
  settings: GraphSettings = { policy: {}, grants: {} };
  /** The graph's name, once it was changed. */
  name: string | undefined;
  epoch: string | undefined;
  version = 0;
  deleted = false;
  private sum = 0n;
  private footprint: Footprint | undefined;
  private readonly incident = new Map<string, Set<string>>();
  private readonly contested = new Map<string, Set<string>>();

  get checksum(): string {
    return formatHash(this.sum);
  }

  agreesWith(checksum: string): boolean {
    return this.sum === parseHash(checksum);
  }

  incidentEdges(nodeId: string): Iterable<string> {
    return this.incident.get(nodeId) ?? [];
  }

  /** The open conflicts about an entity. */
  *conflictsAbout(entityId: string): Iterable<ConflictRecord> {
    for (const id of this.contested.get(entityId) ?? []) {
      const record = this.conflicts.get(id);
      if (record !== undefined) yield record;
    }
  }

  /**
   * Applies one history entry. `false`: a part of it does not fit this state, which then differs
   * from the server's. What it did to entities is noted in `footprint`.
   */
  applyOperation(operation: AppliedOperation, touched: Touched, footprint?: Footprint): boolean {
    let fits = true;
    this.footprint = footprint;
    for (const change of operation.changes) fits = this.applyChange(change, touched) && fits;
    this.footprint = undefined;
    this.version = operation.version;
    return fits;
  }

  /** The sums of all buckets, to be compared with the server's digests. */
  bucketSums(): bigint[] {
    return bucketSums(this.nodes, this.edges);
  }

  /** Makes some buckets what the server says that they are. */
  replaceBuckets(
    buckets: readonly number[],
    nodes: HashedNode[],
    edges: HashedEdge[],
    touched: Touched,
  ): void {
    const meant = new Set(buckets);
    const keptNodes = new Set(nodes.map(({ node }) => node.id));
    const keptEdges = new Set(edges.map(({ edge }) => edge.id));
    for (const id of [...this.edges.keys()]) {
      if (!keptEdges.has(id) && meant.has(bucketOf(id))) this.removeEdge(id, touched);
    }
    for (const id of [...this.nodes.keys()]) {
      if (!keptNodes.has(id) && meant.has(bucketOf(id))) this.removeNode(id, touched);
    }
    for (const { node, hash } of nodes) {
      const before = this.nodes.get(node.id)?.entity;
      const next = reuse(before, node);
      if (next !== before) touched.nodes.add(node.id);
      this.putNode(next, parseHash(hash));
    }
    for (const { edge, hash } of edges) {
      const before = this.edges.get(edge.id)?.entity;
      const next = reuse(before, edge);
      if (next !== before) touched.edges.add(edge.id);
      this.putEdge(next, parseHash(hash));
    }
  }

  /** Replaces everything, keeping the identity of entities that are equal. */
  replaceAll(whole: WholeState, touched: Touched): void {
    const { nodes, edges, conflicts = [], settings } = whole;
    for (const id of [...this.conflicts.keys()]) this.closeConflict(id, touched);
    for (const conflict of conflicts) this.openConflict(conflict, touched);
    if (settings !== undefined) this.settings = settings;
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
        this.removeEdge(change.id, touched);
        return true;
      case 'delete_graph':
        for (const id of [...this.nodes.keys()]) this.removeNode(id, touched);
        this.deleted = true;
        return true;
      default:
        return this.applyToGraph(change, touched);
    }
  }

  /** Changes of the graph itself and of its conflicts; none of them touches the checksum. */
  private applyToGraph(change: Change, touched: Touched): boolean {
    switch (change.op) {
      case 'set_name':
        this.name = change.name;
        return true;
      case 'set_policy':
        this.settings = { ...this.settings, policy: change.policy };
        return true;
      case 'set_grant': {
        const grants = { ...this.settings.grants };
        if (change.role === null) delete grants[change.grantee];
        else grants[change.grantee] = change.role;
        this.settings = { ...this.settings, grants };
        return true;
      }
      case 'open_conflict':
        this.openConflict(change.conflict, touched);
        return true;
      case 'close_conflict':
        this.closeConflict(change.conflictId, touched);
        return true;
      default:
        return false;
    }
  }

  private openConflict(conflict: ConflictRecord, touched: Touched): void {
    const { conflictId, entityId } = conflict;
    this.conflicts.set(conflictId, conflict);
    addTo(this.contested, entityId, conflictId);
    touched.contested.add(entityId);
  }

  private closeConflict(conflictId: string, touched: Touched): void {
    const record = this.conflicts.get(conflictId);
    if (record === undefined) return;
    this.conflicts.delete(conflictId);
    const others = this.contested.get(record.entityId);
    others?.delete(conflictId);
    if (others?.size === 0) this.contested.delete(record.entityId);
    touched.contested.add(record.entityId);
  }

  private add(hash: bigint): void {
    this.sum = BigInt.asUintN(64, this.sum + hash);
  }

  private putNode(entity: Node, hash: bigint): void {
    const before = this.nodes.get(entity.id);
    this.footprint?.node(entity.id, before?.entity, entity);
    this.add(hash - (before?.hash ?? 0n));
    this.nodes.set(entity.id, { entity, hash });
  }

  private putEdge(entity: Edge, hash: bigint): void {
    const before = this.edges.get(entity.id);
    this.footprint?.edge(entity.id, before?.entity, entity);
    if (before !== undefined) this.unlink(before.entity);
    this.add(hash - (before?.hash ?? 0n));
    this.edges.set(entity.id, { entity, hash });
    addTo(this.incident, entity.source, entity.id);
    addTo(this.incident, entity.target, entity.id);
  }

  /** The node's edges go along, whether or not the server lists them. */
  private removeNode(id: string, touched: Touched): void {
    const held = this.nodes.get(id);
    if (held === undefined) return;
    for (const edgeId of [...this.incidentEdges(id)]) this.removeEdge(edgeId, touched);
    touched.nodes.add(id);
    this.footprint?.node(id, held.entity, undefined);
    this.add(-held.hash);
    this.nodes.delete(id);
    this.incident.delete(id);
  }

  private removeEdge(id: string, touched: Touched): void {
    const held = this.edges.get(id);
    if (held === undefined) return;
    touched.edges.add(id);
    this.footprint?.edge(id, held.entity, undefined);
    this.unlink(held.entity);
    this.add(-held.hash);
    this.edges.delete(id);
  }

  private unlink(edge: Edge): void {
    this.incident.get(edge.source)?.delete(edge.id);
    this.incident.get(edge.target)?.delete(edge.id);
  }
}

function addTo(sets: Map<string, Set<string>>, key: string, item: string): void {
  const items = sets.get(key);
  if (items === undefined) sets.set(key, new Set([item]));
  else items.add(item);
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
