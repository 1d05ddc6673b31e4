import type { Envelope, GraphRole, PresenceState, ServerFrame } from '../../protocol';
import type { ConnectionStatus, GraphConnection, GraphHandlers, SyncExtent } from '../platform';
import type { FakeGraph } from './fake-graph';

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

let connections = 0;

function nextClientId(): string {
  connections += 1;
  return `fake-${connections}`;
}

/** One client of the fake server. */
export class FakeConnection implements GraphConnection {
  readonly clientId = nextClientId();
  readonly discarded: string[] = [];
  presence: PresenceState | undefined;
  access: GraphRole = 'edit';
  private seq = 0;
  private readonly unanswered = new Map<string, Envelope>();

  constructor(
    private readonly graph: FakeGraph,
    readonly userId: string,
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
      sessionId: `session-${this.clientId}`,
      userId: this.userId,
      role: this.graph.role,
      access: this.access,
      epoch: state.epoch ?? '',
      version: state.version,
      graph: meta,
      limits: LIMITS,
      heartbeatMs: 10_000,
    });
    const pending = [...this.unanswered.keys()];
    for (const { operationId } of this.graph.landed(pending)) this.unanswered.delete(operationId);
    for (const frame of this.graph.sync(this.handlers.position(), pending)) {
      this.handlers.onFrame(frame);
    }
    this.graph.tellWhoIsHere(this);
    for (const envelope of [...this.unanswered.values()]) this.graph.accept(envelope, this);
  }

  deliver(frame: ServerFrame): void {
    if (!this.graph.online) return;
    if (frame.type === 'command_result' || frame.type === 'revert') {
      this.unanswered.delete(frame.operationId);
    }
    this.handlers.onFrame(frame);
  }

  /** What the host tells of itself, such as a closed socket. */
  status(status: ConnectionStatus): void {
    this.handlers.onStatus(status);
  }

  /** The host cannot write down what is unsent. */
  keepsNothing(): void {
    this.handlers.onDurable(false);
  }

  send(envelope: Envelope): void {
    this.seq += 1;
    const sent: Envelope = { ...envelope, clientId: this.clientId, seq: this.seq };
    this.unanswered.set(envelope.operationId, sent);
    if (this.graph.online) this.graph.accept(sent, this);
  }

  requestSync(extent: SyncExtent): void {
    if (!this.graph.online) return;
    const position = extent === 'delta' ? this.handlers.position() : undefined;
    const frames =
      typeof extent === 'object'
        ? [this.graph.repair(extent.buckets)]
        : this.graph.sync(position, []);
    for (const frame of frames) this.handlers.onFrame(frame);
  }

  requestDigests(): void {
    if (this.graph.online) this.handlers.onFrame(this.graph.digests());
  }

  sendPresence(state: PresenceState): void {
    if (!this.graph.online) return;
    this.presence = state;
    this.graph.showPresence(this);
  }

  discard(operationId: string): void {
    this.discarded.push(operationId);
  }

  close(): void {
    this.onClose();
  }
}
