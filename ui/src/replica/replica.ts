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
  CommandBody,
  Edge,
  Envelope,
  Landed,
  Node,
  Outcome,
  RejectCode,
  RevertFrame,
  ServerFrame,
  StateUpdateFrame,
  SyncFrame,
  Viewport,
} from '../protocol';
import { FullSyncAssembly } from './full-sync';
import { Marks } from './marks';
import { sameJson } from './patch';
import { ServerState, type Touched } from './server-state';
import { type Problem, Speculation, targetsOf } from './speculation';

export interface PendingCommand {
  readonly operationId: string;
  readonly command: CommandBody;
  readonly targets: readonly string[];
  /** A later command of ours has landed, so this one's effect is decided and no longer shown. */
  overtaken: boolean;
  /** Known outcome whose version has not been applied here yet. */
  landedAt?: number;
  /** Set while the command cannot apply to the present state. */
  problem?: Problem;
}

/** A command that did not become what was asked for. Stays until dismissed. */
export interface Attention {
  operationId: string;
  command: CommandBody;
  targets: readonly string[];
  code: RejectCode | 'conflict';
  message: string;
  field?: string;
  /** `true` once the server has spoken; before that only this replica expects the refusal. */
  final: boolean;
}

export type SyncNeed = 'none' | 'delta' | 'full';

/** What one step changed in the view. Sets hold ids. */
export interface ViewChange extends Touched {
  marks: Set<string>;
  /** Commands that reached a terminal outcome in this step. */
  settled: string[];
  need: SyncNeed;
}

export interface SyncProgress {
  chunk: number;
  chunks: number;
}

export class Replica {
  readonly server = new ServerState();
  viewport: Viewport | undefined;
  private speculation = new Speculation(this.server);
  private pendingById = new Map<string, PendingCommand>();
  private attentionById = new Map<string, Attention>();
  private readonly marks = new Marks();
  private readonly assembly = new FullSyncAssembly();
  private awaiting: SyncNeed = 'full';
  private proven = false;

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

  mark(id: string) {
    return this.marks.of(id);
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
      case 'command_result':
        return this.settle(frame.operationId, frame.outcome, change);
      case 'revert':
        return this.refuse(frame, change);
      case 'heartbeat':
      case 'welcome': {
        const { epoch, version } = this.server;
        const current = frame.epoch === epoch && frame.version <= version;
        if (frame.type === 'heartbeat' && epoch !== undefined && !current) {
          this.ask(frame.epoch === epoch ? 'delta' : 'full', change);
        }
        return;
      }
      default:
        return;
    }
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
    }
    for (const landed of frame.landed) this.settleLanded(landed, change);
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
    this.server.replaceAll(result.nodes, result.edges, change);
    this.server.epoch = frame.epoch;
    this.server.version = frame.version;
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
      if (!this.server.applyOperation(operation, change)) return this.ask('full', change);
      if (this.pendingById.has(operation.operationId)) {
        this.overtakeEarlier(operation.operationId);
        this.drop(operation.operationId, change);
      }
    }
    if (this.server.version < toVersion) this.ask('delta', change);
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

  private settleLanded(landed: Landed, change: ViewChange): void {
    this.settle(landed.operationId, landed.outcome, change);
  }

  private settle(operationId: string, outcome: Outcome, change: ViewChange): void {
    const pending = this.pendingById.get(operationId);
    if (pending === undefined) return;
    switch (outcome.status) {
      case 'applied':
      case 'merged':
        if (outcome.version <= this.server.version) {
          this.overtakeEarlier(operationId);
          this.drop(operationId, change);
        } else pending.landedAt = outcome.version;
        return;
      case 'duplicate':
        if (outcome.first) this.settle(operationId, outcome.first, change);
        else this.drop(operationId, change);
        return;
      case 'conflict':
        this.drop(operationId, change);
        this.raise(pending, { code: 'conflict', message: 'waits for a decision' }, change);
        return;
      case 'rejected':
        this.refuse({ type: 'revert', operationId, ...outcome }, change);
        return;
    }
  }

  private refuse(frame: RevertFrame, change: ViewChange): void {
    const pending = this.pendingById.get(frame.operationId);
    if (pending === undefined) return;
    this.drop(frame.operationId, change);
    const { type } = pending.command;
    const wished = type === 'DELETE_NODE' || type === 'DELETE_EDGE';
    if (wished && frame.code === 'not_found') return;
    this.raise(pending, frame, change);
  }

  private raise(
    pending: PendingCommand,
    reason: { code: Attention['code']; message: string; field?: string | null },
    change: ViewChange,
  ): void {
    const { code, message, field } = reason;
    const item = { code, message, field: field ?? undefined, ...identity(pending), final: true };
    this.attentionById.set(pending.operationId, item);
    this.marks.addAttention(pending.targets, change.marks);
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
    this.proven = this.server.agreesWith(checksum);
    if (!this.proven) this.ask('full', change);
  }

  private ask(need: 'delta' | 'full', change: ViewChange): void {
    // Asking for less than what is already asked for would only delay the answer.
    if (this.awaiting === 'full' || this.awaiting === need) return;
    this.awaiting = need;
    this.assembly.reset();
    change.need = need;
  }

  /** Forgets which sync was asked for: a new connection answers `hello` with one of its own. */
  connectionLost(): void {
    if (this.awaiting === 'delta') this.awaiting = 'none';
    this.assembly.reset();
  }

  /** Undoes the speculation, runs `body`, re-applies what is still pending. */
  private step(body: (change: ViewChange) => void): ViewChange {
    const change: ViewChange = {
      nodes: new Set(),
      edges: new Set(),
      marks: new Set(),
      settled: [],
      need: 'none',
    };
    const before = this.speculation;
    body(change);
    this.dropWhatHasArrived(change);
    const after = new Speculation(this.server);
    for (const pending of this.pendingById.values()) {
      if (!pending.overtaken) this.reapply(pending, after, change);
    }
    keepIdentity(before.nodes, after.nodes, change.nodes);
    keepIdentity(before.edges, after.edges, change.edges);
    this.speculation = after;
    return change;
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
    const problem = this.loaded ? on.apply(pending.command) : undefined;
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
