import type {
  CommandBody,
  ConflictRecord,
  Edge,
  EdgePatch,
  Node,
  NodePatch,
  RejectCode,
  ResolveConflict,
  SimpleCommand,
} from '../protocol';
import { Footprint } from './footprint';
import { OwnWork } from './own-work';
import { patchEdge, patchNode } from './patch';
import type { ServerState } from './server-state';
import { turnRound } from './turn-round';

/** Why a pending command has no effect on the present state. */
export interface Problem {
  code: RejectCode;
  message: string;
}

const gone = (what: string): Problem => ({
  code: 'not_found',
  message: `${what} no longer exists`,
});

/**
 * The layer of unconfirmed effects over the server state.
 *
 * Holds only the entities that pending commands touch (`null`: deleted), so undoing it is
 * dropping it, and re-applying costs what is pending, not what the graph holds.
 */
export class Speculation {
  nodes = new Map<string, Node | null>();
  edges = new Map<string, Edge | null>();
  /** The conflicts that pending commands settle. */
  readonly settling = new Set<string>();
  /** What this person could take back if everything pending happens as asked. */
  readonly own: OwnWork;
  private footprint = new Footprint();

  constructor(
    private readonly server: ServerState,
    own = new OwnWork(),
  ) {
    this.own = own.copy();
  }

  node(id: string): Node | undefined {
    const own = this.nodes.get(id);
    return own === undefined ? this.server.nodes.get(id)?.entity : (own ?? undefined);
  }

  edge(id: string): Edge | undefined {
    const own = this.edges.get(id);
    return own === undefined ? this.server.edges.get(id)?.entity : (own ?? undefined);
  }

  /** Ids of the edges that touch `nodeId` in the view. */
  incidentEdges(nodeId: string): string[] {
    const found: string[] = [];
    for (const id of this.server.incidentEdges(nodeId)) {
      if (this.edges.get(id) !== null) found.push(id);
    }
    for (const [id, edge] of this.edges) {
      if (edge === null || this.server.edges.has(id)) continue;
      if (edge.source === nodeId || edge.target === nodeId) found.push(id);
    }
    return found;
  }

  setNode(id: string, node: Node | null): void {
    this.footprint.node(id, this.node(id), node ?? undefined);
    this.nodes.set(id, node);
  }

  setEdge(id: string, edge: Edge | null): void {
    this.footprint.edge(id, this.edge(id), edge ?? undefined);
    this.edges.set(id, edge);
  }

  /** Lays a command's effect on top. A command that cannot apply changes nothing. */
  apply(command: CommandBody, operationId = ''): Problem | undefined {
    this.footprint = new Footprint();
    const target =
      command.type === 'UNDO' || command.type === 'REDO'
        ? this.own.target(command.type, command.payload.operationId)
        : undefined;
    if (target !== undefined) turnRound(target.footprint, this);
    const problem = this.carryOut(command);
    const step = { operationId, footprint: this.footprint };
    this.own.note(command.type, step, target?.operationId);
    return problem;
  }

  private carryOut(command: CommandBody): Problem | undefined {
    switch (command.type) {
      case 'BATCH_UPDATE':
        return this.applyBatch(command.payload.operations, command.payload.atomic);
      case 'RESOLVE_CONFLICT':
        return this.settle(command.payload);
      // What these do is not predicted, or has been already.
      case 'UNDO':
      case 'REDO':
      case 'RESTORE_VERSION':
      case 'UPDATE_GRAPH':
      case 'UPDATE_PERMISSIONS':
      case 'UPDATE_VIEWPORT':
      case 'DELETE_GRAPH':
        return undefined;
      default:
        return this.applyOne(command);
    }
  }

  private settle(choice: ResolveConflict): Problem | undefined {
    const record = this.server.conflicts.get(choice.conflictId);
    if (record === undefined) return undefined;
    this.settling.add(record.conflictId);
    if (choice.choice === 'mine') this.writeField(record, record.mine);
    if (choice.choice === 'edited') this.writeField(record, choice.value);
    return undefined;
  }

  private writeField({ entity, entityId, field }: ConflictRecord, value: unknown): void {
    const patch = fieldPatch(field, value);
    if (entity === 'node') {
      const node = this.node(entityId);
      if (node !== undefined) this.setNode(entityId, patchNode(node, patch));
    } else {
      const edge = this.edge(entityId);
      if (edge !== undefined) this.setEdge(entityId, patchEdge(edge, patch));
    }
  }

  private applyBatch(operations: SimpleCommand[], atomic: boolean): Problem | undefined {
    const nodes = new Map(this.nodes);
    const edges = new Map(this.edges);
    let first: Problem | undefined;
    for (const operation of operations) {
      const problem = this.applyOne(operation);
      if (problem === undefined) continue;
      first ??= problem;
      if (atomic) {
        this.nodes = nodes;
        this.edges = edges;
        this.footprint = new Footprint();
        break;
      }
    }
    return first;
  }

  private applyOne(command: SimpleCommand): Problem | undefined {
    switch (command.type) {
      case 'CREATE_NODE': {
        const { payload } = command;
        // It may be our own, landed a moment ago; if it is another's, the server will say so.
        if (this.node(payload.id) !== undefined) return undefined;
        this.setNode(payload.id, {
          ...payload,
          kind: payload.kind ?? 'default',
          title: payload.title ?? '',
          position: payload.position ?? { x: 0, y: 0 },
          data: payload.data ?? {},
        });
        return undefined;
      }
      case 'UPDATE_NODE': {
        const node = this.node(command.payload.id);
        if (node === undefined) return gone('the node');
        this.setNode(node.id, patchNode(node, command.payload.patch));
        return undefined;
      }
      case 'DELETE_NODE':
        return this.deleteNode(command.payload.id);
      case 'CREATE_EDGE': {
        const { payload } = command;
        if (this.edge(payload.id) !== undefined) return undefined;
        if (this.node(payload.source) === undefined || this.node(payload.target) === undefined) {
          return { code: 'dangling_edge', message: 'an end of the edge no longer exists' };
        }
        this.setEdge(payload.id, { ...payload, data: payload.data ?? {} });
        return undefined;
      }
      case 'UPDATE_EDGE': {
        const edge = this.edge(command.payload.id);
        if (edge === undefined) return gone('the edge');
        this.setEdge(edge.id, patchEdge(edge, command.payload.patch));
        return undefined;
      }
      case 'DELETE_EDGE':
        if (this.edge(command.payload.id) !== undefined) this.setEdge(command.payload.id, null);
        return undefined;
      default:
        return { code: 'invalid', message: 'unknown command' };
    }
  }

  /** Deleting what is gone already is what was asked for, so it is not a problem. */
  private deleteNode(id: string): Problem | undefined {
    if (this.node(id) === undefined) return undefined;
    for (const edgeId of this.incidentEdges(id)) this.setEdge(edgeId, null);
    this.setNode(id, null);
    return undefined;
  }
}

/** A patch that gives one field a value; `null` takes the field away. */
function fieldPatch(field: string, value: unknown): NodePatch & EdgePatch {
  if (value === null || value === undefined) return { unset: [field] };
  if (field.startsWith('data.')) return { data: { [field.slice(5)]: value } } as NodePatch;
  return { [field]: value };
}

/** The entities a command is about, for marks and messages. */
export function targetsOf(command: CommandBody): string[] {
  switch (command.type) {
    case 'BATCH_UPDATE':
      return command.payload.operations.map((operation) => operation.payload.id);
    case 'CREATE_NODE':
    case 'UPDATE_NODE':
    case 'DELETE_NODE':
    case 'CREATE_EDGE':
    case 'UPDATE_EDGE':
    case 'DELETE_EDGE':
      return [command.payload.id];
    default:
      return [];
  }
}
