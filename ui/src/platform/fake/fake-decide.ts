/**
 * What the fake server makes of a command: the rules of the real one, as far as tests of the
 * interface can tell the difference.
 */
import type {
  AppliedOperation,
  Change,
  ConflictNote,
  ConflictRecord,
  Edge,
  Envelope,
  Node,
  Outcome,
  Skipped,
} from '../../protocol';
import { Footprint } from '../../replica/footprint';
import { OwnWork } from '../../replica/own-work';
import { sameJson } from '../../replica/patch';
import { formatHash, type ServerState } from '../../replica/server-state';
import { Speculation } from '../../replica/speculation';

/** FNV-1a over the JSON text: any stable 64-bit number will do, clients only sum. */
export function fakeHash(entity: Node | Edge): string {
  let hash = 0xcbf29ce484222325n;
  for (const character of JSON.stringify(entity)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.charCodeAt(0))) * 0x100000001b3n);
  }
  return formatHash(hash);
}

interface Mark {
  version: number;
  clientId: string | undefined;
}

type Decision = { outcome: Outcome; operation?: AppliedOperation };

/** Decides commands one after the other and remembers what later decisions need. */
export class FakeDecider {
  private readonly work = new Map<string, OwnWork>();
  private readonly marks = new Map<string, Mark>();

  constructor(private readonly state: ServerState) {}

  decide(envelope: Envelope, userId: string): Decision {
    const version = this.state.version + 1;
    const own = this.workOf(userId);
    const draft = new Draft(this.state, own, envelope, version, userId);
    const rejected = draft.run((field) => this.marks.get(field));
    if (rejected !== undefined) return { outcome: { status: 'rejected', ...rejected } };
    const { changes, conflicts, skipped, target } = draft;
    if (changes.length === 0 && target === undefined) {
      return { outcome: { status: 'merged', version: this.state.version } };
    }
    const operation: AppliedOperation = {
      version,
      operationId: envelope.operationId,
      clientId: envelope.clientId,
      userId,
      seq: envelope.seq,
      type: envelope.type,
      timestamp: 1,
      changes,
      ...(conflicts.length > 0 ? { conflicts } : {}),
      ...(target ? { target: { operationId: target, version: 0 } } : {}),
      ...(skipped.length > 0 ? { skipped } : {}),
    };
    const footprint = new Footprint();
    const touched = {
      nodes: new Set<string>(),
      edges: new Set<string>(),
      contested: new Set<string>(),
    };
    this.state.applyOperation(operation, touched, footprint);
    const { operationId, type } = envelope;
    own.note(type, { operationId, footprint }, target);
    this.mark(footprint, { version, clientId: envelope.clientId });
    const [first] = draft.opened;
    if (first !== undefined) {
      return { outcome: { status: 'conflict', version, conflictId: first }, operation };
    }
    const part = skipped.length > 0 || conflicts.some(({ winner }) => winner !== 'mine');
    return {
      outcome: part
        ? { status: 'merged', version, effect: changes }
        : { status: 'applied', version },
      operation,
    };
  }

  private workOf(userId: string): OwnWork {
    const known = this.work.get(userId) ?? new OwnWork();
    this.work.set(userId, known);
    return known;
  }

  private mark(footprint: Footprint, mark: Mark): void {
    for (const [id, { before, after }] of [...footprint.nodes, ...footprint.edges]) {
      for (const field of fieldsBetween(before, after)) this.marks.set(`${id} ${field}`, mark);
    }
  }
}

/** One command in the middle of being decided. */
class Draft {
  readonly opened: string[] = [];
  readonly conflicts: ConflictNote[] = [];
  readonly skipped: Skipped[] = [];
  target: string | undefined;
  changes: Change[] = [];

  constructor(
    private readonly state: ServerState,
    private readonly own: OwnWork,
    private readonly envelope: Envelope,
    private readonly version: number,
    private readonly userId: string,
  ) {}

  run(markOf: (field: string) => Mark | undefined) {
    const { envelope, state } = this;
    const after = new Speculation(state, this.own);
    if (envelope.type === 'UNDO' || envelope.type === 'REDO') {
      const step = this.own.target(envelope.type, envelope.payload.operationId);
      if (step === undefined) {
        return { code: 'not_found' as const, message: 'there is nothing of yours left' };
      }
      this.target = step.operationId;
      after.apply(envelope);
      this.findSkipped(step.footprint, after);
    } else if (envelope.type === 'RESOLVE_CONFLICT') {
      const { conflictId, choice } = envelope.payload;
      if (!state.conflicts.has(conflictId)) {
        return { code: 'not_found' as const, message: `there is no open conflict ${conflictId}` };
      }
      after.apply(envelope);
      const by = { userId: this.userId, at: 1 };
      const resolution = {
        choice,
        value: envelope.payload.value ?? null,
        by,
        version: this.version,
      };
      this.changes = [...changesOf(after), { op: 'close_conflict', conflictId, resolution }];
      return undefined;
    } else {
      const problem = after.apply(this.contested(markOf));
      if (problem !== undefined) return problem;
    }
    this.changes = [...changesOf(after), ...this.changes];
    return undefined;
  }

  /** The command without what it lost to others; opens conflicts for titles that do not merge. */
  private contested(markOf: (field: string) => Mark | undefined): Envelope {
    const { envelope, state } = this;
    if (envelope.type !== 'UPDATE_NODE') return envelope;
    const { id, patch, base } = envelope.payload;
    const met = markOf(`${id} title`);
    const theirs = state.nodes.get(id)?.entity.title;
    const mine = patch.title;
    if (met === undefined || mine === undefined || theirs === undefined || mine === theirs) {
      return envelope;
    }
    const unseen = met.version > (envelope.baseVersion ?? Number.POSITIVE_INFINITY);
    if (!unseen || met.clientId === envelope.clientId) return envelope;
    const note = { entity: 'node', entityId: id, field: 'title', against: met.clientId } as const;
    const merged = merge(String(base?.title ?? ''), mine, theirs);
    if (merged !== undefined) {
      this.conflicts.push({ ...note, resolution: 'merge', winner: 'both' });
      return { ...envelope, payload: { id, patch: { ...patch, title: merged } } };
    }
    this.open(note, base?.title ?? null, mine, theirs);
    const { title: _, ...rest } = patch;
    return { ...envelope, payload: { id, patch: rest } };
  }

  private open(
    note: Pick<ConflictNote, 'entity' | 'entityId' | 'field' | 'against'>,
    base: unknown,
    mine: unknown,
    theirs: unknown,
  ): void {
    const { operationId, clientId, baseVersion = 0 } = this.envelope;
    const { entity, entityId, field, against } = note;
    const record: ConflictRecord = {
      conflictId: `${operationId}:0`,
      operationId,
      entity,
      entityId,
      field,
      base,
      mine,
      theirs,
      author: { userId: this.userId, clientId, at: 1 },
      against: { clientId: against, at: 1 },
      baseVersion,
      version: this.version,
    };
    this.changes.push({ op: 'open_conflict', conflict: record });
    this.opened.push(record.conflictId);
    this.conflicts.push({
      entity,
      entityId,
      field,
      against,
      resolution: 'manual',
      winner: 'theirs',
    });
  }

  private findSkipped(step: Footprint, after: Speculation): void {
    const reason = 'somebody else has changed it since';
    for (const [id, { before, after: left }] of step.nodes) {
      const now = after.node(id);
      for (const field of fieldsBetween(left, before)) {
        const back = sameJson(fieldOf(now, field), fieldOf(before, field));
        if (!back) this.skipped.push({ entity: 'node', entityId: id, field, reason });
      }
    }
  }
}

/** Keeps both changes where one side only added in front and the other only behind. */
function merge(base: string, mine: string, theirs: string): string | undefined {
  if (mine.startsWith(base) && theirs.endsWith(base)) return theirs + mine.slice(base.length);
  if (theirs.startsWith(base) && mine.endsWith(base)) return mine + theirs.slice(base.length);
  return undefined;
}

function fieldsBetween(before: Node | Edge | undefined, after: Node | Edge | undefined): string[] {
  const [one, other] = [before ?? {}, after ?? {}] as Record<string, unknown>[];
  const names = new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})]);
  return [...names].filter((name) => !sameJson(one?.[name], other?.[name]));
}

function fieldOf(entity: Node | Edge | undefined, field: string): unknown {
  return (entity as Record<string, unknown> | undefined)?.[field];
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
