import { createStore, type StoreApi } from 'zustand/vanilla';
import type { ConnectionStatus, GraphConnection, Platform } from '../platform';
import type {
  CommandBody,
  Envelope,
  GraphMeta,
  Role,
  ServerFrame,
  SimpleCommand,
  Viewport,
} from '../protocol';
import { type Attention, Replica, type SyncProgress, type ViewChange } from '../replica';
import { cancelFrame, scheduleFrame } from '../shared/frame-scheduler';
import { uuidV7 } from '../shared/ids';
import { packOperations } from './batches';
import { FlowModel } from './flow-model';
import { MarkStore } from './mark-store';

export interface GraphStatus {
  connection: ConnectionStatus;
  meta: GraphMeta | undefined;
  role: Role | undefined;
  loaded: boolean;
  inSync: boolean;
  deleted: boolean;
  syncProgress: SyncProgress | undefined;
  pendingCount: number;
  attention: Attention[];
  epoch: string | undefined;
  version: number;
  checksum: string;
  nodeCount: number;
  edgeCount: number;
  /** From edit to confirmation of the last confirmed command. */
  lastAckMs: number | undefined;
  /** `Date.now()` of the last frame. */
  heardAt: number | undefined;
}

const SYNC_AGAIN_MS = 1_000;

/**
 * One open graph: the replica, its connection, and what the screen needs of both.
 *
 * Own edits are on screen at once; frames of the server are applied together, once per animation
 * frame.
 */
export class GraphSession {
  readonly replica = new Replica();
  readonly flow = new FlowModel(this.replica);
  readonly marks = new MarkStore(this.replica);
  readonly status: StoreApi<GraphStatus>;
  /** Where this window looked last; the pages come and go, the session stays. */
  view: Viewport | undefined;
  private readonly connection: GraphConnection;
  private readonly inbox: ServerFrame[] = [];
  private readonly sentAt = new Map<string, number>();
  private syncTimer: ReturnType<typeof setTimeout> | undefined;
  private lastSyncAt = Number.NEGATIVE_INFINITY;

  constructor(
    platform: Platform,
    readonly graphId: string,
  ) {
    this.status = createStore(() => initialStatus());
    this.connection = platform.openGraph(graphId, {
      onFrame: (frame) => {
        this.inbox.push(frame);
        scheduleFrame(this.applyInbox);
      },
      onStatus: (connection) => {
        if (connection.state === 'offline') this.replica.connectionLost();
        this.status.setState({ connection });
      },
      position: () => {
        this.applyInbox();
        return this.replica.position;
      },
    });
  }

  /** Shows the command's effect now and sends it. */
  submit(command: CommandBody): void {
    const { epoch, version } = this.replica.server;
    const envelope = {
      ...command,
      operationId: uuidV7(),
      baseVersion: version,
      epoch,
      timestamp: Date.now(),
    } as Envelope;
    this.sentAt.set(envelope.operationId, performance.now());
    this.show(this.replica.submit(envelope));
    this.connection.send(envelope);
  }

  submitAll(operations: readonly SimpleCommand[]): void {
    for (const command of packOperations(operations)) this.submit(command);
  }

  /** Remembers where this person looks; no edit, so it leaves no mark. */
  sendViewport(viewport: Viewport): void {
    if (this.status.getState().connection.state !== 'online') return;
    if (this.readOnly) return;
    const { epoch } = this.replica.server;
    this.connection.send({
      type: 'UPDATE_VIEWPORT',
      payload: viewport,
      operationId: uuidV7(),
      epoch,
      timestamp: Date.now(),
    });
  }

  get readOnly(): boolean {
    const { role, deleted, loaded } = this.status.getState();
    return role === 'viewer' || deleted || !loaded;
  }

  dismiss(operationId: string): void {
    this.show(this.replica.dismiss(operationId));
  }

  resync(): void {
    this.connection.requestSync('delta');
  }

  close(): void {
    cancelFrame(this.applyInbox);
    clearTimeout(this.syncTimer);
    this.connection.close();
  }

  private readonly applyInbox = () => {
    if (this.inbox.length === 0) return;
    const frames = this.inbox.splice(0);
    for (const frame of frames) {
      if (frame.type === 'welcome') this.status.setState({ meta: frame.graph, role: frame.role });
    }
    this.status.setState({ heardAt: Date.now() });
    const change = this.replica.receive(frames);
    this.show(change);
    if (change.need !== 'none') this.requestSync(change.need);
  };

  /** A server that cannot heal us must not be asked in a tight loop. */
  private requestSync(need: 'delta' | 'full'): void {
    clearTimeout(this.syncTimer);
    const wait = this.lastSyncAt + SYNC_AGAIN_MS - performance.now();
    const ask = () => {
      this.lastSyncAt = performance.now();
      this.connection.requestSync(need);
    };
    if (wait <= 0) ask();
    else this.syncTimer = setTimeout(ask, wait);
  }

  private show(change: ViewChange): void {
    this.flow.apply(change);
    this.marks.notify(change.marks);
    let lastAckMs = this.status.getState().lastAckMs;
    for (const operationId of change.settled) {
      const sentAt = this.sentAt.get(operationId);
      if (sentAt !== undefined) lastAckMs = performance.now() - sentAt;
      this.sentAt.delete(operationId);
    }
    const { server } = this.replica;
    const flow = this.flow.store.getState();
    this.status.setState({
      loaded: this.replica.loaded,
      inSync: this.replica.inSync,
      deleted: server.deleted,
      syncProgress: this.replica.syncProgress,
      pendingCount: this.replica.pendingCount,
      attention: this.attentionNow(),
      epoch: server.epoch,
      version: server.version,
      checksum: server.checksum,
      nodeCount: flow.nodes.length,
      edgeCount: flow.edges.length,
      lastAckMs,
    });
  }

  private attentionNow(): Attention[] {
    const before = this.status.getState().attention;
    const now = this.replica.attention;
    return now.length === 0 && before.length === 0 ? before : now;
  }
}

function initialStatus(): GraphStatus {
  return {
    connection: { state: 'connecting' },
    meta: undefined,
    role: undefined,
    loaded: false,
    inSync: false,
    deleted: false,
    syncProgress: undefined,
    pendingCount: 0,
    attention: [],
    epoch: undefined,
    version: 0,
    checksum: '',
    nodeCount: 0,
    edgeCount: 0,
    lastAckMs: undefined,
    heardAt: undefined,
  };
}
