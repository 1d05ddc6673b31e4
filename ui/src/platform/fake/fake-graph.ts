import type {
  AppliedOperation,
  CommandBody,
  Envelope,
  GraphMeta,
  GraphRole,
  HashedEdge,
  HashedNode,
  Landed,
  Outcome,
  Peer,
  Role,
  ServerFrame,
} from '../../protocol';
import { bucketOf } from '../../replica/buckets';
import { formatHash, ServerState } from '../../replica/server-state';
import type { GraphHandlers } from '../platform';
import { FakeConnection } from './fake-connection';
import { FakeDecider, fakeHash } from './fake-decide';

export { fakeHash } from './fake-decide';

/** One graph of the fake server, with the faults that tests want to see. */
export class FakeGraph {
  readonly state = new ServerState();
  readonly meta: GraphMeta;
  readonly received: Envelope[] = [];
  readonly connections = new Set<FakeConnection>();
  /** How many entities a chunk of the full state holds. */
  chunkSize = Number.POSITIVE_INFINITY;
  role: Role = 'editor';
  online = true;
  private readonly decider = new FakeDecider(this.state);
  private readonly history: AppliedOperation[] = [];
  private readonly outcomes = new Map<string, Outcome>();
  private readonly waiting: { envelope: Envelope; from: FakeConnection }[] = [];
  private paused = false;

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

  setAccess(access: GraphRole): void {
    for (const connection of this.connections) {
      connection.access = access;
      connection.deliver({ type: 'access', access });
      const closed = { state: 'closed', code: 'forbidden', message: 'no access' } as const;
      if (access === 'none') connection.status(closed);
    }
  }

  /** An edit by somebody else. */
  edit(command: CommandBody, userId = 'somebody'): Outcome {
    const operationId = `other-${this.state.version + 1}`;
    return this.apply({ ...command, operationId, clientId: `of-${userId}` } as Envelope, userId);
  }

  /** Breaks one update on its way, so that the client's checksum cannot agree. */
  broadcastWrongChecksum(): void {
    const { epoch = '', version } = this.state;
    this.broadcast({
      type: 'state_update',
      epoch,
      fromVersion: version,
      toVersion: version,
      operations: [],
      checksum: 'ffffffffffffffff',
    });
  }

  open(handlers: GraphHandlers, userId = 'tester'): FakeConnection {
    const connection = new FakeConnection(this, userId, handlers, () => {
      this.connections.delete(connection);
      const left = [sessionOf(connection)];
      for (const other of this.connections) {
        other.deliver({ type: 'presence', full: false, peers: [], left });
      }
    });
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

  sync(position: { epoch: string; version: number } | undefined, pending: string[]): ServerFrame[] {
    const { epoch = '', version, checksum } = this.state;
    const landed = this.landed(pending);
    if (position?.epoch === epoch && position.version === version) {
      return [{ type: 'sync', mode: 'in_sync', epoch, version, checksum, landed }];
    }
    if (position?.epoch !== epoch) return this.fullSync(landed);
    return [
      {
        type: 'sync',
        mode: 'behind',
        epoch,
        fromVersion: position.version,
        toVersion: version,
        operations: this.history.slice(position.version),
        checksum,
        landed,
        last: true,
      },
    ];
  }

  digests(): ServerFrame {
    const { epoch = '', version } = this.state;
    const buckets = this.state.bucketSums().map(formatHash);
    return { type: 'digests', epoch, version, buckets };
  }

  repair(buckets: number[]): ServerFrame {
    const { epoch = '', version, checksum } = this.state;
    const within = ({ id }: { id: string }) => buckets.includes(bucketOf(id));
    const nodes = this.hashedNodes().filter(({ node }) => within(node));
    const edges = this.hashedEdges().filter(({ edge }) => within(edge));
    const frame = { type: 'sync', mode: 'repair', epoch, version, buckets, checksum } as const;
    return { ...frame, nodes, edges, last: true };
  }

  showPresence(of: FakeConnection): void {
    for (const each of this.connections) {
      each.deliver({ type: 'presence', full: false, peers: [peerOf(of)] });
    }
  }

  tellWhoIsHere(to: FakeConnection): void {
    to.deliver({ type: 'presence', full: true, peers: [...this.connections].map(peerOf) });
    this.showPresence(to);
  }

  private fullSync(landed: Landed[]): ServerFrame[] {
    const { epoch = '', version, checksum, conflicts, settings } = this.state;
    const nodes = this.hashedNodes();
    const edges = this.hashedEdges();
    const size = this.chunkSize;
    const chunks = Math.max(1, Math.ceil((nodes.length + edges.length) / size));
    return Array.from({ length: chunks }, (_, chunk) => {
      const part = { type: 'sync', mode: 'full', epoch, version, chunk, chunks } as const;
      const from = chunk === 0 ? 0 : chunk * size;
      const last = chunk === chunks - 1;
      const ending = { settings, checksum, conflicts: [...conflicts.values()] };
      return {
        ...part,
        nodes: nodes.slice(from, from + size),
        edges: edges.slice(
          Math.max(0, from - nodes.length),
          Math.max(0, from + size - nodes.length),
        ),
        landed: last ? landed : [],
        ...(last ? ending : {}),
      };
    });
  }

  private hashedNodes(): HashedNode[] {
    return [...this.state.nodes.values()].map(({ entity }) => ({
      node: entity,
      hash: fakeHash(entity),
    }));
  }

  private hashedEdges(): HashedEdge[] {
    return [...this.state.edges.values()].map(({ entity }) => ({
      edge: entity,
      hash: fakeHash(entity),
    }));
  }

  private decide(envelope: Envelope, from: FakeConnection): void {
    const { operationId } = envelope;
    const first = this.outcomes.get(operationId);
    const outcome: Outcome =
      first === undefined ? this.apply(envelope, from.userId) : { status: 'duplicate', first };
    if (outcome.status === 'rejected') {
      const { code, message } = outcome;
      from.deliver({ type: 'revert', operationId, code, message });
    } else from.deliver({ type: 'command_result', operationId, outcome });
  }

  private apply(envelope: Envelope, userId: string): Outcome {
    const fromVersion = this.state.version;
    const { outcome, operation } = this.decider.decide(envelope, userId);
    this.outcomes.set(envelope.operationId, outcome);
    if (operation === undefined) return outcome;
    this.history.push(operation);
    this.broadcast({
      type: 'state_update',
      epoch: this.state.epoch ?? '',
      fromVersion,
      toVersion: operation.version,
      operations: [operation],
      checksum: this.state.checksum,
    });
    return outcome;
  }

  private broadcast(frame: ServerFrame): void {
    for (const connection of this.connections) connection.deliver(frame);
  }
}

function sessionOf(connection: FakeConnection): string {
  return `session-${connection.clientId}`;
}

function peerOf(connection: FakeConnection): Peer {
  return {
    sessionId: sessionOf(connection),
    clientId: connection.clientId,
    userId: connection.userId,
    name: connection.userId,
    color: connection.userId.length % 12,
    node: 'fake',
    joinedAt: 1,
    state: connection.presence ?? {},
  };
}
