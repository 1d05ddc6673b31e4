import type { CommandBody, Edge, Node, RejectCode, SimpleCommand } from '../protocol';
import { patchEdge, patchNode } from './patch';
import type { ServerState } from './server-state';

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

  constructor(private readonly server: ServerState) {}

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

  /** Lays a command's effect on top. A command that cannot apply changes nothing. */
  apply(command: CommandBody): Problem | undefined {
    switch (command.type) {
      case 'BATCH_UPDATE':
        return this.applyBatch(command.payload.operations, command.payload.atomic);
      case 'UPDATE_VIEWPORT':
      case 'DELETE_GRAPH':
        return undefined;
      default:
        return this.applyOne(command);
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
        this.nodes.set(payload.id, {
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
        this.nodes.set(node.id, patchNode(node, command.payload.patch));
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
        this.edges.set(payload.id, { ...payload, data: payload.data ?? {} });
        return undefined;
      }
      case 'UPDATE_EDGE': {
        const edge = this.edge(command.payload.id);
        if (edge === undefined) return gone('the edge');
        this.edges.set(edge.id, patchEdge(edge, command.payload.patch));
        return undefined;
      }
      case 'DELETE_EDGE':
        if (this.edge(command.payload.id) !== undefined) this.edges.set(command.payload.id, null);
        return undefined;
      default:
        return { code: 'invalid', message: 'unknown command' };
    }
  }

  /** Deleting what is gone already is what was asked for, so it is not a problem. */
  private deleteNode(id: string): Problem | undefined {
    if (this.node(id) === undefined) return undefined;
    for (const edgeId of this.incidentEdges(id)) this.edges.set(edgeId, null);
    this.nodes.set(id, null);
    return undefined;
  }
}

/** The entities a command is about, for marks and messages. */
export function targetsOf(command: CommandBody): string[] {
  switch (command.type) {
    case 'BATCH_UPDATE':
      return command.payload.operations.map((operation) => operation.payload.id);
    case 'UPDATE_VIEWPORT':
    case 'DELETE_GRAPH':
      return [];
    default:
      return [command.payload.id];
  }
}
