/**
 * The one optimistic replica of a graph, for browser and desktop alike. No IO, no clock.
 *
 * view = server state with the pending commands re-applied, in the order they were made.
 *
 * - Only server frames change the server state; a frame that does not continue it asks for a sync.
 * - A pending command is dropped in the very step that applies its version: nothing flickers.
 * - A rejection takes back that one command and keeps the reason until a person dismisses it.
 */
import type {
  AppliedOperation,
  CommandBody,
  ConflictRecord,
  DigestsFrame,
  Edge,
  Envelope,
  Node,
  Outcome,
  PartialState,
  RevertFrame,
  ServerFrame,
  StateUpdateFrame,
  SyncFrame,
  Viewport,
} from '../protocol';
import { Footprint } from './footprint';
import { FullSyncAssembly } from './full-sync';
import { Healing, type HealingNeed } from './healing';
import { type Mark, Marks } from './marks';
import { OwnWork } from './own-work';
import { sameJson } from './patch';
import { ServerState } from './server-state';
import { Speculation, targetsOf } from './speculation';
import {
  type Attention,
  noChange,
  noticesOf,
  onlyMoves,
  type PendingCommand,
  type ViewChange,
  weighRefusal,
} from './view-change';

export interface SyncProgress {
  chunk: number;
  chunks: number;
}

export class Replica {
  readonly server = new ServerState();
  viewport: Viewport | undefined;
  private own = new OwnWork();
  private speculation = new Speculation(this.server);
  private pendingById = new Map<string, PendingCommand>();
  private attentionById = new Map<string, Attention>();
  private readonly marks = new Marks();
  private readonly assembly = new FullSyncAssembly();
  private readonly healing = new Healing();
  private awaiting: 'none' | 'delta' | 'full' = 'full';
  private proven = false;
  private userId: string | undefined;

  node(id: string): Node | undefined {
    return this.speculation.node(id);
  }

  edge(id: string): Edge | undefined {
    return this.speculation.edge(id);
  }

  nodeIds(): Set<string> {
    return viewIds(this.server.nodes.keys(), this.speculation.nodes);
  }

  edgeIds(): Set<string> {
    return viewIds(this.server.edges.keys(), this.speculation.edges);
  }

  incidentEdges(nodeId: string): string[] {
    return this.speculation.incidentEdges(nodeId);
  }

  get pending(): Iterable<PendingCommand> {
    return this.pendingById.values();
  }

  get pendingCount(): number {
    return this.pendingById.size;
  }

  /** Refused commands, and pending ones that can no longer apply. */
  get attention(): Attention[] {
    const expected = [...this.pendingById.values()].flatMap((pending) =>
      pending.problem === undefined
        ? []
        : [{ ...pending.problem, ...identity(pending), final: false }],
    );
    return [...this.attentionById.values(), ...expected];
  }

  /** What is to be known about an entity at a glance; the most urgent of it. */
  mark(id: string): Mark | undefined {
    const mark = this.marks.of(id);
    if (mark === 'attention') return mark;
    for (const _ of this.conflictsAbout(id)) return 'contested';
    return mark;
  }

  /** The conflicts about an entity that wait for a person, without those just settled here. */
  *conflictsAbout(id: string): Iterable<ConflictRecord> {
    for (const record of this.server.conflictsAbout(id)) {
      if (!this.speculation.settling.has(record.conflictId)) yield record;
    }
  }

  /** What this person could take back or bring back, everything pending included. */
  get ownWork(): OwnWork {
    return this.speculation.own;
  }

  /** The state is loaded, continuous and its checksum is the server's. */
  get inSync(): boolean {
    return this.proven && this.awaiting === 'none';
  }

  get loaded(): boolean {
    return this.server.epoch !== undefined;
  }

  get syncProgress(): SyncProgress | undefined {
    return this.assembly.progress;
  }

  /** The piece of a full state that a new connection can go on behind. */
  get partial(): PartialState | undefined {
    return this.awaiting === 'full' ? this.assembly.partial : undefined;
  }

  /** Where to resume from; `undefined` when only the full state will do. */
  get position(): { epoch: string; version: number } | undefined {
    const { epoch, version } = this.server;
    return epoch === undefined || this.awaiting === 'full' ? undefined : { epoch, version };
  }

  /** Shows a command's effect at once and keeps it until the server has decided. */
  submit(envelope: Envelope): ViewChange {
    return this.step((change) => {
      const { operationId } = envelope;
      const command = { type: envelope.type, payload: envelope.payload } as CommandBody;
      const targets = targetsOf(command);
      this.pendingById.set(operationId, { operationId, command, targets, overtaken: false });
      this.marks.addPending(targets, change.marks);
    });
  }

  /** Shows refused commands that an earlier run has kept. */
  restoreAttention(items: readonly Omit<Attention, 'targets' | 'final'>[]): ViewChange {
    return this.step((change) => {
      for (const item of items) this.raise({ ...item, targets: targetsOf(item.command) }, change);
    });
  }

  /** Applies a run of server frames as one step of the view. */
  receive(frames: readonly ServerFrame[]): ViewChange {
    return this.step((change) => {
      for (const frame of frames) this.receiveOne(frame, change);
    });
  }

  dismiss(operationId: string): ViewChange {
    return this.step((change) => {
      const item = this.attentionById.get(operationId);
      if (item === undefined) return;
      this.attentionById.delete(operationId);
      this.marks.dropAttention(item.targets, change.marks);
    });
  }

  private receiveOne(frame: ServerFrame, change: ViewChange): void {
    switch (frame.type) {
      case 'state_update':
        return this.receiveUpdate(frame, change);
      case 'sync':
        return this.receiveSync(frame, change);
      case 'digests':
        return this.receiveDigests(frame, change);
      case 'command_result':
        return this.settle(frame.operationId, frame.outcome, change);
      case 'revert':
        return this.refuse(frame, change);
      case 'welcome':
        this.userId = frame.userId;
        return;
      case 'heartbeat':
        return this.receiveHeartbeat(frame, change);
      case 'error':
        // What was asked for may have been refused; the next heartbeat asks again.
        if (!frame.operationId) this.healing.giveUp();
        return;
      default:
        return;
    }
  }

  private receiveHeartbeat(frame: { epoch: string; version: number }, change: ViewChange): void {
    const { epoch, version } = this.server;
    if (epoch === undefined) return;
    if (frame.epoch !== epoch) this.ask('full', change);
    else if (frame.version > version) this.ask('delta', change);
    else if (!this.proven && this.awaiting === 'none') this.heal(this.healing.differs(), change);
  }

  private receiveUpdate(frame: StateUpdateFrame, change: ViewChange): void {
    if (this.awaiting === 'full') return;
    if (frame.epoch !== this.server.epoch) return this.ask('full', change);
    this.applyOperations(frame.operations, frame.toVersion, change);
    this.prove(frame.checksum, frame.toVersion, change);
  }

  private receiveSync(frame: SyncFrame, change: ViewChange): void {
    switch (frame.mode) {
      case 'in_sync':
        if (frame.epoch !== this.server.epoch || frame.version > this.server.version) {
          return this.ask('full', change);
        }
        this.awaiting = 'none';
        this.prove(frame.checksum, frame.version, change);
        break;
      case 'behind':
        if (frame.epoch !== this.server.epoch) return this.ask('full', change);
        this.awaiting = 'none';
        this.applyOperations(frame.operations, frame.toVersion, change);
        if (frame.last && frame.checksum) this.prove(frame.checksum, frame.toVersion, change);
        break;
      case 'full':
        if (!this.receiveFullChunk(frame, change)) return;
        break;
      case 'repair':
        return this.receiveRepair(frame, change);
    }
    for (const { operationId, outcome } of frame.landed) this.settle(operationId, outcome, change);
  }

  private receiveDigests(frame: DigestsFrame, change: ViewChange): void {
    if (frame.epoch !== this.server.epoch) return this.ask('full', change);
    const found = this.healing.compare(frame, this.server);
    if (found === 'agrees') this.agree();
    else this.heal(found, change);
  }

  private receiveRepair(frame: Extract<SyncFrame, { mode: 'repair' }>, change: ViewChange): void {
    if (frame.epoch !== this.server.epoch) return this.ask('full', change);
    if (!this.healing.awaitsBuckets) return;
    if (frame.version !== this.server.version) {
      this.healing.giveUp();
      return this.heal(this.healing.differs(), change);
    }
    this.server.replaceBuckets(frame.buckets, frame.nodes, frame.edges, change);
    if (!frame.last) return;
    this.healing.giveUp();
    this.prove(frame.checksum, frame.version, change);
  }

  /** Returns `true` when the last chunk has replaced the state. */
  private receiveFullChunk(
    frame: Extract<SyncFrame, { mode: 'full' }>,
    change: ViewChange,
  ): boolean {
    const result = this.assembly.add(frame);
    if (result === 'incomplete') return false;
    if (result === 'broken') {
      change.need = 'full';
      return false;
    }
    this.server.replaceAll(result, change);
    this.server.epoch = frame.epoch;
    this.server.version = frame.version;
    this.own = new OwnWork();
    this.own.undoUnknown = this.own.redoUnknown = frame.version > 0;
    this.healing.giveUp();
    this.viewport = result.viewport ?? this.viewport;
    this.awaiting = 'none';
    if (frame.checksum) this.prove(frame.checksum, frame.version, change);
    return true;
  }

  private applyOperations(
    operations: StateUpdateFrame['operations'],
    toVersion: number,
    change: ViewChange,
  ): void {
    for (const operation of operations) {
      if (operation.version <= this.server.version) continue;
      if (operation.version !== this.server.version + 1) return this.ask('delta', change);
      this.applyOperation(operation, change);
    }
    if (this.server.version < toVersion) this.ask('delta', change);
  }

  private applyOperation(operation: AppliedOperation, change: ViewChange): void {
    const { operationId, type, target } = operation;
    const mine = operation.userId === this.userId;
    const footprint = mine ? new Footprint() : undefined;
    if (!this.server.applyOperation(operation, change, footprint)) {
      this.proven = false;
      this.heal(this.healing.differs(), change);
    }
    if (footprint) this.own.note(type, { operationId, footprint }, target?.operationId);
    if (!this.pendingById.has(operationId)) return;
    this.overtakeEarlier(operationId);
    this.drop(operationId, change);
    noticesOf(operation, change);
  }

  /**
   * Commands of one client are decided in order, so whatever was sent before one that landed is
   * decided too, though its result may still be on the way (a superseded drag step, say).
   */
  private overtakeEarlier(operationId: string): void {
    for (const pending of this.pendingById.values()) {
      if (pending.operationId === operationId) return;
      pending.overtaken = true;
    }
  }

  private settle(operationId: string, outcome: Outcome, change: ViewChange): void {
    const pending = this.pendingById.get(operationId);
    if (pending === undefined) return;
    switch (outcome.status) {
      case 'merged':
        // Nothing of it happened, and no later command of ours took its place.
        if (outcome.effect === undefined && !onlyMoves(pending.command)) {
          change.notices.push({ kind: 'gave_way', command: pending.command });
        }
        return this.landed(pending, outcome.version, change);
      case 'applied':
      case 'conflict':
        return this.landed(pending, outcome.version, change);
      case 'duplicate':
        if (outcome.first) this.settle(operationId, outcome.first, change);
        else this.drop(operationId, change);
        return;
      case 'rejected':
        return this.refuse({ type: 'revert', operationId, ...outcome }, change);
    }
  }

  private landed(pending: PendingCommand, version: number, change: ViewChange): void {
    if (version <= this.server.version) {
      this.overtakeEarlier(pending.operationId);
      this.drop(pending.operationId, change);
    } else pending.landedAt = version;
  }

  private refuse(frame: RevertFrame, change: ViewChange): void {
    const pending = this.pendingById.get(frame.operationId);
    if (pending === undefined) return;
    this.drop(frame.operationId, change);
    const weight = weighRefusal(pending, frame);
    if (weight === 'attention') {
      const { code, message, field } = frame;
      return this.raise({ ...identity(pending), code, message, field }, change);
    }
    change.harmless.push(frame.operationId);
    if (weight === 'nothing') return;
    if (weight.kind === 'nothing_left' && !weight.named) this.own.exhausted(weight.type);
    change.notices.push(weight);
  }

  private raise(item: Omit<Attention, 'final'>, change: ViewChange): void {
    this.attentionById.set(item.operationId, { ...item, final: true });
    this.marks.addAttention(item.targets, change.marks);
  }

  private drop(operationId: string, change: ViewChange): void {
    const pending = this.pendingById.get(operationId);
    if (pending === undefined) return;
    this.pendingById.delete(operationId);
    this.marks.dropPending(pending.targets, change.marks);
    if (pending.problem !== undefined) this.marks.dropAttention(pending.targets, change.marks);
    change.settled.push(operationId);
  }

  /** Compares checksums, unless later updates of the stream have carried us past `version`. */
  private prove(checksum: string, version: number, change: ViewChange): void {
    if (this.awaiting !== 'none' || this.server.version !== version) return;
    if (this.server.agreesWith(checksum)) return this.agree();
    this.proven = false;
    this.heal(this.healing.differs(), change);
  }

  private agree(): void {
    this.proven = true;
    this.healing.proven();
  }

  private heal(need: HealingNeed | undefined, change: ViewChange): void {
    if (need === 'full') this.ask('full', change);
    else if (need !== undefined && this.awaiting === 'none') change.need = need;
  }

  private ask(need: 'delta' | 'full', change: ViewChange): void {
    // Asking for less than what is already asked for would only delay the answer.
    if (this.awaiting === 'full' || this.awaiting === need) return;
    this.awaiting = need;
    this.assembly.reset();
    this.healing.giveUp();
    change.need = need;
  }

  /** Forgets which sync was asked for: a new connection answers `hello` with one of its own. */
  connectionLost(): void {
    if (this.awaiting === 'delta') this.awaiting = 'none';
    this.healing.giveUp();
  }

  /** Undoes the speculation, runs `body`, re-applies what is still pending. */
  private step(body: (change: ViewChange) => void): ViewChange {
    const change = noChange();
    const before = this.speculation;
    body(change);
    this.dropWhatHasArrived(change);
    const after = new Speculation(this.server, this.own);
    for (const pending of this.pendingById.values()) {
      if (!pending.overtaken) this.reapply(pending, after, change);
    }
    keepIdentity(before.nodes, after.nodes, change.nodes);
    keepIdentity(before.edges, after.edges, change.edges);
    this.speculation = after;
    for (const id of before.settling) this.remark(id, change);
    for (const id of after.settling) this.remark(id, change);
    for (const id of change.contested) change.marks.add(id);
    return change;
  }

  private remark(conflictId: string, change: ViewChange): void {
    const record = this.server.conflicts.get(conflictId);
    if (record !== undefined) change.contested.add(record.entityId);
  }

  private dropWhatHasArrived(change: ViewChange): void {
    for (const pending of [...this.pendingById.values()]) {
      if (pending.landedAt !== undefined && pending.landedAt <= this.server.version) {
        this.overtakeEarlier(pending.operationId);
        this.drop(pending.operationId, change);
      }
    }
  }

  private reapply(pending: PendingCommand, on: Speculation, change: ViewChange): void {
    const problem = this.loaded ? on.apply(pending.command, pending.operationId) : undefined;
    if ((problem === undefined) !== (pending.problem === undefined)) {
      if (problem === undefined) this.marks.dropAttention(pending.targets, change.marks);
      else this.marks.addAttention(pending.targets, change.marks);
    }
    pending.problem = problem;
  }
}

function identity(pending: PendingCommand) {
  const { operationId, command, targets } = pending;
  return { operationId, command, targets };
}

function viewIds<Entity>(
  server: Iterable<string>,
  speculative: Map<string, Entity | null>,
): Set<string> {
  const ids = new Set(server);
  for (const [id, entity] of speculative) {
    if (entity === null) ids.delete(id);
    else ids.add(id);
  }
  return ids;
}

/** Reports what differs between two speculations; equal entities keep their old identity. */
function keepIdentity<Entity>(
  before: Map<string, Entity | null>,
  after: Map<string, Entity | null>,
  changed: Set<string>,
): void {
  for (const [id, entity] of after) {
    const old = before.get(id);
    if (old !== undefined && sameJson(old, entity)) {
      after.set(id, old);
      continue;
    }
    changed.add(id);
  }
  for (const id of before.keys()) if (!after.has(id)) changed.add(id);
}
