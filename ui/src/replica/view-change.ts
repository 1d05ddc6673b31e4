import type {
  AppliedOperation,
  CommandBody,
  ConflictNote,
  ConflictRecord,
  RejectCode,
  RevertFrame,
  Skipped,
} from '../protocol';
import type { HealingNeed } from './healing';
import type { Touched } from './server-state';
import type { Problem } from './speculation';

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
  code: RejectCode;
  message: string;
  field?: string;
  /** `true` once the server has spoken; before that only this replica expects the refusal. */
  final: boolean;
}

/** News about one's own work that is no fault; said once. */
export type Notice =
  | { kind: 'skipped'; operationId: string; type: 'UNDO' | 'REDO'; skipped: Skipped[] }
  | { kind: 'nothing_left'; operationId: string; type: 'UNDO' | 'REDO'; named: boolean }
  | { kind: 'conflict'; record: ConflictRecord }
  | { kind: 'met'; notes: ConflictNote[] }
  | { kind: 'gave_way'; command: CommandBody }
  | { kind: 'settled_before' };

export type SyncNeed = 'none' | 'delta' | HealingNeed;

/** What one step changed in the view. Sets hold ids. */
export interface ViewChange extends Touched {
  marks: Set<string>;
  /** Commands that reached a terminal outcome in this step. */
  settled: string[];
  /** Refused commands that nobody has to look at. */
  harmless: string[];
  notices: Notice[];
  need: SyncNeed;
}

export function noChange(): ViewChange {
  return {
    nodes: new Set(),
    edges: new Set(),
    contested: new Set(),
    marks: new Set(),
    settled: [],
    harmless: [],
    notices: [],
    need: 'none',
  };
}

/** What a refusal is worth: a person's attention, a word, or nothing. */
export function weighRefusal(
  { operationId, command }: PendingCommand,
  { code }: Pick<RevertFrame, 'code'>,
): 'attention' | 'nothing' | Notice {
  if (code !== 'not_found') return 'attention';
  switch (command.type) {
    // To delete what is gone already is what was asked for.
    case 'DELETE_NODE':
    case 'DELETE_EDGE':
      return 'nothing';
    case 'UNDO':
    case 'REDO': {
      const named = command.payload.operationId !== undefined;
      return { kind: 'nothing_left', operationId, type: command.type, named };
    }
    case 'RESOLVE_CONFLICT':
      return { kind: 'settled_before' };
    default:
      return 'attention';
  }
}

/** Tells an author what became of their command, if it is not simply what they asked for. */
export function noticesOf(
  { operationId, type, ...done }: AppliedOperation,
  change: ViewChange,
): void {
  const { skipped = [], conflicts = [], changes } = done;
  if (skipped.length > 0 && (type === 'UNDO' || type === 'REDO')) {
    change.notices.push({ kind: 'skipped', operationId, type, skipped });
  }
  for (const one of changes) {
    if (one.op === 'open_conflict') change.notices.push({ kind: 'conflict', record: one.conflict });
  }
  const notes = conflicts.filter(
    ({ winner, resolution }) => winner !== 'mine' && resolution !== 'manual',
  );
  if (notes.length > 0) change.notices.push({ kind: 'met', notes });
}

/** Such commands give way to later ones of the same client: a superseded drag step is no news. */
export function onlyMoves(command: CommandBody): boolean {
  if (command.type === 'BATCH_UPDATE') return command.payload.operations.every(onlyMoves);
  if (command.type !== 'UPDATE_NODE') return false;
  return Object.keys(command.payload.patch).every((field) => field === 'position');
}
