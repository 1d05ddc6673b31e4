import { createStore, type StoreApi } from 'zustand/vanilla';
import type { ConnectionStatus, GraphConnection, KeptCommand, Platform } from '../platform';
import type {
  Choice,
  CommandBody,
  Envelope,
  GraphMeta,
  GraphRole,
  Role,
  ServerFrame,
  SimpleCommand,
  Viewport,
} from '../protocol';
import {
  type Attention,
  type Notice,
  Replica,
  type SyncNeed,
  type SyncProgress,
  type ViewChange,
} from '../replica';
import { cancelFrame, scheduleFrame } from '../shared/frame-scheduler';
import { uuidV7 } from '../shared/ids';
import { withBase } from './base-values';
import { packOperations } from './batches';
import { FlowModel } from './flow-model';
import { MarkStore } from './mark-store';
import { Peers } from './peers';
import { PresenceSender } from './presence-sender';
import { UndoKeys } from './undo-keys';

export interface GraphStatus {
  connection: ConnectionStatus;
  meta: GraphMeta | undefined;
  userId: string | undefined;
  role: Role | undefined;
  /** What this person may do in this graph; `undefined` until the server has said it. */
  access: GraphRole | undefined;
  loaded: boolean;
  inSync: boolean;
  deleted: boolean;
  syncProgress: SyncProgress | undefined;
  pendingCount: number;
  attention: Attention[];
  /** Whether unsent commands are written where they outlive this page. */
  durable: boolean;
  canUndo: boolean;
  canRedo: boolean;
  /** How many conflicts wait for a person. */
  contested: number;
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
const SYNC_AGAIN_LONGEST_MS = 60_000;

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
  readonly peers = new Peers();
  readonly presence: PresenceSender;
  readonly undoKeys: UndoKeys;
  /** Where this window looked last; the pages come and go, the session stays. */
  view: Viewport | undefined;
  private readonly connection: GraphConnection;
  private readonly inbox: ServerFrame[] = [];
  private readonly sentAt = new Map<string, number>();
  private syncTimer: ReturnType<typeof setTimeout> | undefined;
  private lastSyncAt = Number.NEGATIVE_INFINITY;
  private syncsInVain = 0;
  private readonly noticeListeners = new Set<(notice: Notice) => void>();

  constructor(
    platform: Pick<Platform, 'openGraph'>,
    readonly graphId: string,
  ) {
    this.status = createStore(() => initialStatus());
    this.presence = new PresenceSender(
      (state) => this.connection.sendPresence(state),
      () => this.peers.count === 0,
    );
    this.undoKeys = new UndoKeys(this.replica, (command, gesture) => this.submit(command, gesture));
    this.connection = platform.openGraph(graphId, {
      onFrame: (frame) => {
        this.inbox.push(frame);
        scheduleFrame(this.applyInbox);
      },
      onStatus: (connection) => this.connectionChanged(connection),
      position: () => {
        this.applyInbox();
        return this.replica.position;
      },
      partial: () => this.replica.partial,
      onRestored: (kept) => this.restore(kept),
      onDurable: (durable) => this.status.setState({ durable }),
    });
  }

  /** Shows the command's effect now and sends it. What belongs to one gesture is undone as one. */
  submit(command: CommandBody, gesture?: string): void {
    const { epoch, version } = this.replica.server;
    const envelope = {
      ...withBase(command, this.replica),
      operationId: uuidV7(),
      baseVersion: version,
      epoch,
      timestamp: Date.now(),
    } as Envelope;
    if (gesture !== undefined) this.undoKeys.note(envelope.operationId, gesture);
    this.sentAt.set(envelope.operationId, performance.now());
    this.show(this.replica.submit(envelope));
    this.connection.send(envelope);
  }

  submitAll(operations: readonly SimpleCommand[], gesture = uuidV7()): void {
    for (const command of packOperations(operations)) this.submit(command, gesture);
  }

  undo(): void {
    if (!this.readOnly) this.undoKeys.press('UNDO');
  }

  redo(): void {
    if (!this.readOnly) this.undoKeys.press('REDO');
  }

  /** Settles a conflict; `value` is what a person wrote, for `edited`. */
  resolve(conflictId: string, choice: Exclude<Choice, 'obsolete'>, value?: unknown): void {
    const edited = choice === 'edited' ? { value } : {};
    this.submit({ type: 'RESOLVE_CONFLICT', payload: { conflictId, choice, ...edited } });
  }

  /** News about one's own work, each told once. */
  onNotice(listener: (notice: Notice) => void): () => void {
    this.noticeListeners.add(listener);
    return () => this.noticeListeners.delete(listener);
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
    return isReadOnly(this.status.getState());
  }

  dismiss(operationId: string): void {
    this.connection.discard(operationId);
    this.show(this.replica.dismiss(operationId));
  }

  /** Asks once more for what was refused, against the present state. */
  retry(operationId: string): void {
    const item = this.replica.attention.find((one) => one.operationId === operationId);
    if (item === undefined || !item.final) return;
    this.submit(withoutBase(item.command));
    this.dismiss(operationId);
  }

  resync(): void {
    this.connection.requestSync('delta');
  }

  close(): void {
    cancelFrame(this.applyInbox);
    clearTimeout(this.syncTimer);
    this.presence.disconnected();
    this.connection.close();
  }

  private connectionChanged(connection: ConnectionStatus): void {
    if (connection.state !== 'online') {
      this.presence.disconnected();
      this.peers.clear();
    }
    if (connection.state === 'offline') {
      this.replica.connectionLost();
      clearTimeout(this.syncTimer);
    }
    this.status.setState({ connection });
  }

  /** What an earlier run left goes on as if it had been done just now. */
  private restore(kept: readonly KeptCommand[]): void {
    const refused = kept.flatMap(({ envelope, parked }) => {
      const command = { type: envelope.type, payload: envelope.payload } as CommandBody;
      return parked ? [{ operationId: envelope.operationId, command, ...parked }] : [];
    });
    if (refused.length > 0) this.show(this.replica.restoreAttention(refused));
    for (const { envelope, parked } of kept) {
      if (parked === undefined) this.show(this.replica.submit(envelope));
    }
  }

  private readonly applyInbox = () => {
    if (this.inbox.length === 0) return;
    const frames = this.inbox.splice(0);
    this.status.setState({ heardAt: Date.now() });
    const change = this.replica.receive(frames);
    for (const frame of frames) this.receiveAside(frame);
    this.show(change);
    for (const operationId of change.harmless) this.connection.discard(operationId);
    for (const notice of change.notices) {
      for (const listener of this.noticeListeners) listener(notice);
    }
    if (this.replica.inSync) this.syncsInVain = 0;
    if (change.need !== 'none') this.requestSync(change.need);
  };

  /** Frames that are not about the graph's content. */
  private receiveAside(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome': {
        const { graph: meta, role, access, userId } = frame;
        this.peers.welcomed(frame.sessionId);
        this.status.setState({ meta, role, access, userId });
        return;
      }
      case 'access':
        this.status.setState({ access: frame.access });
        return;
      case 'presence': {
        const before = this.peers.count;
        this.peers.receive(frame);
        // Not before the server has said who is here: it would not know whose state it is.
        if (frame.full) this.presence.connected();
        else if (this.peers.count > before) this.presence.seen();
        return;
      }
    }
  }

  /** A server that cannot heal us must not be asked in a loop: each time in vain doubles the wait. */
  private requestSync(need: Exclude<SyncNeed, 'none'>): void {
    clearTimeout(this.syncTimer);
    const pause = Math.min(SYNC_AGAIN_LONGEST_MS, SYNC_AGAIN_MS * 2 ** this.syncsInVain);
    const wait = this.lastSyncAt + pause - performance.now();
    // The second half of a repair is no new attempt.
    if (typeof need === 'object') return this.connection.requestSync(need);
    const ask = () => {
      this.lastSyncAt = performance.now();
      this.syncsInVain += 1;
      if (need === 'digests') this.connection.requestDigests();
      else this.connection.requestSync(need);
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
    const { server, ownWork } = this.replica;
    const flow = this.flow.store.getState();
    this.status.setState({
      loaded: this.replica.loaded,
      inSync: this.replica.inSync,
      deleted: server.deleted,
      syncProgress: this.replica.syncProgress,
      pendingCount: this.replica.pendingCount,
      attention: this.attentionNow(),
      canUndo: ownWork.undo.length > 0 || ownWork.undoUnknown,
      canRedo: ownWork.redo.length > 0 || ownWork.redoUnknown,
      contested: server.conflicts.size,
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

/** Whether this person can change nothing here, for whatever reason. */
export function isReadOnly({ role, access, deleted, loaded }: GraphStatus): boolean {
  const mayEdit = access === undefined || access === 'edit' || access === 'admin';
  return role === 'viewer' || !mayEdit || deleted || !loaded;
}

/** What its author saw then is not what they see now. */
function withoutBase(command: CommandBody): CommandBody {
  if (command.type === 'UPDATE_NODE' || command.type === 'UPDATE_EDGE') {
    const { base: _, ...payload } = command.payload;
    return { ...command, payload } as CommandBody;
  }
  return command;
}

function initialStatus(): GraphStatus {
  return {
    connection: { state: 'connecting' },
    meta: undefined,
    userId: undefined,
    role: undefined,
    access: undefined,
    loaded: false,
    inSync: false,
    deleted: false,
    syncProgress: undefined,
    pendingCount: 0,
    attention: [],
    durable: true,
    canUndo: false,
    canRedo: false,
    contested: 0,
    epoch: undefined,
    version: 0,
    checksum: '',
    nodeCount: 0,
    edgeCount: 0,
    lastAckMs: undefined,
    heardAt: undefined,
  };
}
