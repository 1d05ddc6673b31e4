import type { ConflictRecord } from '../../generated/ConflictRecord';
import type { ConflictsRequest } from '../../generated/ConflictsRequest';
import type { HistoryEntry } from '../../generated/HistoryEntry';
import type { HistoryRequest } from '../../generated/HistoryRequest';
import type { ListedConflict } from '../../generated/ListedConflict';
import type { ResolveConflicts } from '../../generated/ResolveConflicts';
import type { SendCommand } from '../../generated/SendCommand';
import type { SessionRow } from '../../generated/SessionRow';
import type { Strategy } from '../../generated/Strategy';
import type { GraphRole, GraphSettings, Outcome, ResponseOf } from '../../protocol';
import type { FakePlatform } from '.';

const START_MS = Date.UTC(2026, 0, 5, 10, 0);
const DEFAULTS: Record<string, Strategy> = {
  title: 'MERGE',
  position: 'CLIENT_WINS',
  size: 'CLIENT_WINS',
  kind: 'LAST_WRITE_WINS',
  'data.*': 'LAST_WRITE_WINS',
};

/** Conflicts, history and settings of the fake server, for Vitest. */
export class FakeCollaboration {
  conflicts: ListedConflict[] = [];
  /** Oldest first, as they were made. */
  history: HistoryEntry[] = [];
  settings: GraphSettings = { policy: {}, grants: {} };
  access: GraphRole = 'admin';
  oldestVersion = 0;
  sessions: SessionRow[] = [];
  readonly sent: SendCommand[] = [];
  /** What the next command is answered with, instead of being applied. */
  refuseNext: Extract<Outcome, { status: 'rejected' }> | undefined;

  constructor(private readonly platform: FakePlatform) {
    const { answers } = platform;
    answers['conflicts.list'] = (request) => this.listConflicts(request);
    answers['conflicts.rate'] = () => this.rates();
    answers['conflicts.resolve'] = (request) => this.resolve(request);
    answers['history.list'] = (request) => this.listHistory(request);
    answers['graph.settings'] = ({ graphId }) => this.view(graphId);
    answers['commands.send'] = (command) => this.send(command);
    answers['sessions.list'] = () => ({ sessions: this.sessions });
  }

  addConflict(graphId: string, part: Partial<ConflictRecord> & { entityId: string }): string {
    const at = START_MS + this.conflicts.length * 1_000;
    const conflictId = `c-${this.conflicts.length + 1}`;
    const record: ConflictRecord = {
      conflictId,
      operationId: `o-${conflictId}`,
      entity: 'node',
      field: 'title',
      base: 'Alpha',
      mine: 'Alpha of Ada',
      theirs: 'Alpha of Bob',
      author: { userId: 'ada', at },
      against: { userId: 'bob', at: at - 500 },
      baseVersion: 1,
      version: 3,
      ...part,
    };
    this.conflicts.push({
      graphId,
      graphName: this.platform.graphs.get(graphId)?.meta.name ?? graphId,
      at,
      operationId: record.operationId,
      userId: record.author.userId ?? 'ada',
      note: {
        entity: record.entity,
        entityId: record.entityId,
        field: record.field,
        resolution: 'manual',
        winner: 'theirs',
      },
      record,
    });
    return conflictId;
  }

  addEntry(part: Partial<HistoryEntry>): HistoryEntry {
    const version = this.history.length + 1;
    const entry: HistoryEntry = {
      version,
      operationId: `o-${version}`,
      type: 'UPDATE_NODE',
      userId: 'ada',
      at: START_MS + version * 1_000,
      effects: [],
      moreEffects: 0,
      skipped: [],
      conflicts: [],
      ...part,
    };
    this.history.push(entry);
    return entry;
  }

  private listConflicts(request: ConflictsRequest): ResponseOf<'conflicts.list'> {
    const { status = 'open', graphId, field, userId, search, limit = 50 } = request;
    const isOpen = ({ record }: ListedConflict) => record !== undefined && !record.resolution;
    const conflicts = this.conflicts
      .filter((conflict) => status === 'all' || isOpen(conflict) === (status === 'open'))
      .filter((conflict) => graphId === undefined || conflict.graphId === graphId)
      .filter((conflict) => field === undefined || conflict.note.field === field)
      .filter((conflict) => userId === undefined || conflict.userId === userId)
      .filter(
        (conflict) =>
          search === undefined ||
          JSON.stringify(conflict).toLowerCase().includes(search.toLowerCase()),
      )
      .reverse()
      .slice(0, limit);
    return { conflicts, open: this.conflicts.filter(isOpen).length };
  }

  private rates(): ResponseOf<'conflicts.rate'> {
    return {
      since: START_MS,
      stepMs: 60_000,
      at: [START_MS, START_MS + 60_000],
      byResolution: { manual: [this.conflicts.length, 0], merge: [2, 1] },
      byField: { title: this.conflicts.length + 3 },
      causers: [{ userId: 'ada', conflicts: this.conflicts.length }],
    };
  }

  private resolve(request: ResolveConflicts): ResponseOf<'conflicts.resolve'> {
    const settled = request.conflictIds.map((conflictId) => {
      const listed = this.conflicts.find((conflict) => conflict.record?.conflictId === conflictId);
      const operationId = `r-${conflictId}`;
      const outcome = this.settle(listed?.record, request);
      return { conflictId, operationId, outcome };
    });
    return { settled };
  }

  private settle(record: ConflictRecord | undefined, request: ResolveConflicts): Outcome {
    const refusal = this.takeRefusal();
    if (refusal !== undefined) return refusal;
    if (record === undefined) {
      return { status: 'rejected', code: 'not_found', message: 'there is no such conflict' };
    }
    const { choice } = request;
    const value =
      choice === 'edited' ? request.value : choice === 'mine' ? record.mine : record.theirs;
    record.resolution = { choice, value, by: { userId: 'tester', at: START_MS }, version: 9 };
    return { status: 'applied', version: 9 };
  }

  private listHistory(request: HistoryRequest): ResponseOf<'history.list'> {
    const { before = Number.POSITIVE_INFINITY, limit = 50, userId, entityId } = request;
    const found = this.history
      .filter(({ version }) => version < before)
      .filter((entry) => userId === undefined || entry.userId === userId)
      .filter(
        ({ effects }) =>
          entityId === undefined || effects.some((effect) => effect.entityId === entityId),
      )
      .reverse();
    const entries = found.slice(0, limit);
    const last = entries.at(-1);
    return {
      epoch: 'epoch-1',
      currentVersion: this.history.length,
      oldestVersion: this.oldestVersion,
      entries,
      ...(found.length > limit && last ? { next: last.version } : {}),
    };
  }

  private view(graphId: string | undefined): ResponseOf<'graph.settings'> {
    const id = graphId ?? 'g';
    const graph = this.platform.graphs.get(id) ?? this.platform.addGraph(id);
    return {
      graph: graph.meta,
      access: this.access,
      settings: structuredClone(this.settings),
      defaults: DEFAULTS,
    };
  }

  private send(command: SendCommand): ResponseOf<'commands.send'> {
    this.sent.push(command);
    const operationId = `s-${this.sent.length}`;
    const refusal = this.takeRefusal();
    if (refusal !== undefined) return { operationId, outcome: refusal };
    this.change(command);
    return { operationId, outcome: { status: 'applied', version: this.sent.length } };
  }

  private change({ type, payload, graphId }: SendCommand): void {
    if (type === 'UPDATE_PERMISSIONS') {
      const { userId, role } = payload as { userId: string; role: GraphRole | null };
      if (role === null) delete this.settings.grants[userId];
      else this.settings.grants[userId] = role;
    } else if (type === 'UPDATE_GRAPH') {
      const { name, policy = {} } = payload as {
        name?: string;
        policy?: Record<string, Strategy | null>;
      };
      const graph = this.platform.graphs.get(graphId);
      if (name !== undefined && graph !== undefined) graph.meta.name = name;
      for (const [field, strategy] of Object.entries(policy)) {
        if (strategy === null) delete this.settings.policy[field];
        else this.settings.policy[field] = strategy;
      }
    }
  }

  private takeRefusal(): Outcome | undefined {
    const refusal = this.refuseNext;
    this.refuseNext = undefined;
    return refusal;
  }
}
