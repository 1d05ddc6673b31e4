import type {
  AppliedOperation,
  Change,
  CommandBody,
  Edge,
  Envelope,
  GraphMeta,
  Landed,
  Node,
  Outcome,
  ServerFrame,
} from '../../protocol';
import { formatHash, ServerState } from '../../replica/server-state';
import { Speculation } from '../../replica/speculation';
import type { ConnectionStatus, GraphConnection, GraphHandlers } from '../platform';

const LIMITS = {
  stringBytesMax: 16_384,
  commandBytesMax: 32_768,
  entityBytesMax: 262_144,
  jsonDepthMax: 32,
  batchCommandsMax: 100,
  batchBodyBytesMax: 1_048_576,
  nodesMax: 100_000,
  edgesMax: 500_000,
  messageBytesMax: 65_536,
};

/** FNV-1a over the JSON text: any stable 64-bit number will do, clients only sum. */
export function fakeHash(entity: Node | Edge): string {
  let hash = 0xcbf29ce484222325n;
  for (const character of JSON.stringify(entity)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.charCodeAt(0))) * 0x100000001b3n);
  }
  return formatHash(hash);
}

/** One graph of the fake server, with the faults that tests want to see. */
export class FakeGraph {
  readonly state = new ServerState();
  readonly meta: GraphMeta;
  readonly received: Envelope[] = [];
  private readonly history: AppliedOperation[] = [];
  private readonly outcomes = new Map<string, Outcome>();
  private readonly connections = new Set<FakeConnection>();
  private readonly waiting: { envelope: Envelope; from: FakeConnection }[] = [];
  private paused = false;
  online = true;

  constructor(graphId: string, name: string) {
    this.meta = { graphId, name, ownerId: 'tester', createdAt: 1, updatedAt: 1 };
    this.state.epoch = 'epoch-1';
  }

  /** Stops deciding: commands are accepted and wait, as with stopped workers. */
  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    for (const { envelope, from } of this.waiting.splice(0)) this.decide(envelope, from);
  }

  setOnline(online: boolean): void {
    this.online = online;
    for (const connection of this.connections) connection.networkChanged();
  }

  /** An edit by somebody else. */
  edit(command: CommandBody): Outcome {
    const operationId = `other-${this.state.version + 1}`;
    return this.apply({ ...command, operationId } as Envelope);
  }

  /** Breaks one update on its way, so that the client's checksum cannot agree. */
  broadcastWrongChecksum(): void {
    const { epoch = '', version } = this.state;
    const operations: AppliedOperation[] = [];
    this.broadcast({
      type: 'state_update',
      epoch,
      fromVersion: version,
      toVersion: version,
      operations,
      checksum: 'ffffffffffffffff',
    });
  }

  open(handlers: GraphHandlers): GraphConnection {
    const connection = new FakeConnection(this, handlers, () =>
      this.connections.delete(connection),
    );
    this.connections.add(connection);
    connection.networkChanged();
    return connection;
  }

  accept(envelope: Envelope, from: FakeConnection): void {
    this.received.push(envelope);
    if (this.paused) this.waiting.push({ envelope, from });
    else this.decide(envelope, from);
  }

  landed(operationIds: string[]): Landed[] {
    return operationIds.flatMap((operationId) => {
      const outcome = this.outcomes.get(operationId);
      return outcome === undefined ? [] : [{ operationId, outcome }];
    });
  }

  sync(position: { epoch: string; version: number } | undefined, pending: string[]): ServerFrame {
    const { epoch = '', version, checksum } = this.state;
    const landed = this.landed(pending);
    if (position?.epoch === epoch && position.version === version) {
      return { type: 'sync', mode: 'in_sync', epoch, version, checksum, landed };
    }
    if (position?.epoch === epoch) {
      return {
        type: 'sync',
        mode: 'behind',
        epoch,
        fromVersion: position.version,
        toVersion: version,
        operations: this.history.slice(position.version),
        checksum,
        landed,
        last: true,
      };
    }
    const nodes = [...this.state.nodes.values()].map(({ entity }) => ({
      node: entity,
      hash: fakeHash(entity),
    }));
    const edges = [...this.state.edges.values()].map(({ entity }) => ({
      edge: entity,
      hash: fakeHash(entity),
    }));
    return {
      type: 'sync',
      mode: 'full',
      epoch,
      version,
      chunk: 0,
      chunks: 1,
      nodes,
      edges,
      checksum,
      landed,
    };
  }

  private decide(envelope: Envelope, from: FakeConnection): void {
    const { operationId } = envelope;
    const first = this.outcomes.get(operationId);
    const outcome: Outcome =
      first === undefined ? this.apply(envelope) : { status: 'duplicate', first };
    if (outcome.status === 'rejected') {
      const { code, message } = outcome;
      from.deliver({ type: 'revert', operationId, code, message });
    } else from.deliver({ type: 'command_result', operationId, outcome });
  }

  private apply(envelope: Envelope): Outcome {
    const outcome = this.applyDecided(envelope);
    this.outcomes.set(envelope.operationId, outcome);
    return outcome;
  }

  private applyDecided(envelope: Envelope): Outcome {
    const after = new Speculation(this.state);
    const problem = after.apply(envelope);
    if (problem !== undefined) return { status: 'rejected', ...problem };
    const operation: AppliedOperation = {
      version: this.state.version + 1,
      operationId: envelope.operationId,
      clientId: envelope.clientId,
      userId: 'tester',
      seq: envelope.seq,
      type: envelope.type,
      timestamp: 1,
      changes: changesOf(after),
    };
    const fromVersion = this.state.version;
    this.state.applyOperation(operation, { nodes: new Set(), edges: new Set() });
    this.history.push(operation);
    this.broadcast({
      type: 'state_update',
      epoch: this.state.epoch ?? '',
      fromVersion,
      toVersion: operation.version,
      operations: [operation],
      checksum: this.state.checksum,
    });
    return { status: 'applied', version: operation.version };
  }

  private broadcast(frame: ServerFrame): void {
    for (const connection of this.connections) connection.deliver(frame);
  }
}

class FakeConnection implements GraphConnection {
  readonly clientId = `fake-${Math.random().toString(36).slice(2)}`;
  private seq = 0;
  private readonly unanswered = new Map<string, Envelope>();

  constructor(
    private readonly graph: FakeGraph,
    private readonly handlers: GraphHandlers,
    private readonly onClose: () => void,
  ) {}

  networkChanged(): void {
    const status: ConnectionStatus = this.graph.online
      ? { state: 'online' }
      : { state: 'offline', attempt: 1, retryInMs: 1000 };
    this.handlers.onStatus(status);
    if (!this.graph.online) return;
    const { state, meta } = this.graph;
    this.handlers.onFrame({
      type: 'welcome',
      sessionId: 'session',
      userId: 'tester',
      role: 'editor',
      epoch: state.epoch ?? '',
      version: state.version,
      graph: meta,
      limits: LIMITS,
      heartbeatMs: 10_000,
    });
    const pending = [...this.unanswered.keys()];
    for (const { operationId } of this.graph.landed(pending)) this.unanswered.delete(operationId);
    this.handlers.onFrame(this.graph.sync(this.handlers.position(), pending));
    for (const envelope of [...this.unanswered.values()]) this.graph.accept(envelope, this);
  }

  deliver(frame: ServerFrame): void {
    if (!this.graph.online) return;
    if (frame.type === 'command_result' || frame.type === 'revert') {
      this.unanswered.delete(frame.operationId);
    }
    this.handlers.onFrame(frame);
  }

  send(envelope: Envelope): void {
    this.seq += 1;
    const sent: Envelope = { ...envelope, clientId: this.clientId, seq: this.seq };
    this.unanswered.set(envelope.operationId, sent);
    if (this.graph.online) this.graph.accept(sent, this);
  }

  requestSync(extent: 'delta' | 'full'): void {
    const position = extent === 'delta' ? this.handlers.position() : undefined;
    if (this.graph.online) this.handlers.onFrame(this.graph.sync(position, []));
  }

  close(): void {
    this.onClose();
  }
}

function changesOf(after: Speculation): Change[] {
  const changes: Change[] = [];
  for (const [id, edge] of after.edges) if (edge === null) changes.push({ op: 'delete_edge', id });
  for (const [id, node] of after.nodes) {
    if (node === null) changes.push({ op: 'delete_node', id });
    else changes.push({ op: 'put_node', node, hash: fakeHash(node) });
  }
  for (const edge of after.edges.values()) {
    if (edge !== null) changes.push({ op: 'put_edge', edge, hash: fakeHash(edge) });
  }
  return changes;
}
