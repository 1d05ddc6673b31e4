import type { CommandBody, GraphRole, Role } from '../protocol';
import type { Attention, Notice } from '../replica';
import type { GraphStatus } from './graph-session';

export type SaveState = 'loading' | 'saved' | 'saving' | 'offline' | 'attention' | 'checking';

export interface SaveStatus {
  state: SaveState;
  text: string;
}

/** The one sentence about whether this person's work is safe. The worst news wins. */
export function saveStatus(status: GraphStatus): SaveStatus {
  const { attention, pendingCount, connection } = status;
  if (attention.length > 0) {
    return { state: 'attention', text: `needs attention (${attention.length})` };
  }
  // "Unsent" promises that it is kept; what is not written down yet is not promised.
  const unsent = status.durable ? 'unsent' : 'unsent, not kept';
  const offline = { state: 'offline', text: `offline (${pendingCount} ${unsent})` } as const;
  if (connection.state === 'closed' && connection.code === 'forbidden' && pendingCount === 0) {
    return { state: 'offline', text: 'no access' };
  }
  if (connection.state === 'closed' || connection.state === 'offline') return offline;
  if (!status.loaded) return { state: 'loading', text: 'loading' };
  if (connection.state === 'connecting') return offline;
  if (pendingCount > 0) return { state: 'saving', text: `saving (${pendingCount})` };
  if (!status.inSync) return { state: 'checking', text: 'checking' };
  return { state: 'saved', text: 'saved' };
}

/** What a command wanted, for a person: “Rename to ‘serde’”. */
export function describeCommand(command: CommandBody): string {
  switch (command.type) {
    case 'CREATE_NODE':
      return `Add node “${command.payload.title ?? command.payload.id}”`;
    case 'UPDATE_NODE': {
      const { patch, base } = command.payload;
      if (patch.title !== undefined) {
        return base?.title
          ? `Rename “${base.title}” to “${patch.title}”`
          : `Rename to “${patch.title}”`;
      }
      return patch.position !== undefined ? 'Move a node' : 'Change a node';
    }
    case 'DELETE_NODE':
      return 'Delete a node';
    case 'CREATE_EDGE':
      return 'Connect two nodes';
    case 'UPDATE_EDGE':
      return 'Change an edge';
    case 'DELETE_EDGE':
      return 'Delete an edge';
    case 'BATCH_UPDATE':
      return `Change ${command.payload.operations.length} things at once`;
    case 'UPDATE_VIEWPORT':
      return 'Remember the view';
    case 'DELETE_GRAPH':
      return 'Delete the graph';
    case 'RESOLVE_CONFLICT':
      return 'Settle a conflict';
    case 'UNDO':
      return 'Undo';
    case 'REDO':
      return 'Redo';
    case 'RESTORE_VERSION':
      return `Restore version ${command.payload.version}`;
    case 'UPDATE_PERMISSIONS':
      return `Change what ${command.payload.userId === '*' ? 'everyone' : command.payload.userId} may do`;
    case 'UPDATE_GRAPH':
      return 'Change the graph’s settings';
  }
}

const REASONS: Partial<Record<Attention['code'], string>> = {
  not_found: 'What it changes was deleted meanwhile.',
  dangling_edge: 'One of its ends was deleted meanwhile.',
  already_exists: 'It exists already.',
  forbidden: 'You may not change this graph.',
  expired: 'It reached the server too late.',
  out_of_order: 'An earlier change is missing.',
  rate_limited: 'Too many changes at once.',
  too_large: 'It is larger than the server allows.',
  storage_full: 'The server’s storage is full.',
  unavailable: 'The server cannot take changes now.',
};

export function describeReason(item: Pick<Attention, 'code' | 'message'>): string {
  return REASONS[item.code] ?? sentence(item.message);
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

/** A field as people call it. */
export function fieldName(field: string | undefined): string {
  if (field === undefined || field === '*') return 'the whole';
  return field.startsWith('data.') ? field.slice('data.'.length) : field;
}

const NAMED_MAX = 3;

/** What to say about one's own work; `titleOf` knows what people call an entity. */
export function describeNotice(
  notice: Exclude<Notice, { kind: 'skipped' }>,
  titleOf: (id: string) => string,
): { title: string; message: string } | undefined {
  switch (notice.kind) {
    case 'nothing_left':
      if (notice.named) return undefined;
      return notice.type === 'UNDO'
        ? { title: 'Nothing to undo', message: 'You have no work left here to take back.' }
        : { title: 'Nothing to redo', message: 'Nothing that you took back is left.' };
    case 'conflict': {
      const { entityId, field } = notice.record;
      return {
        title: 'Somebody changed it before you',
        message: `The ${fieldName(field)} of ${titleOf(entityId)} was changed meanwhile. Choose on the canvas which one stays.`,
      };
    }
    case 'met': {
      const merged = notice.notes.every(({ winner }) => winner === 'both');
      const fields = listed(
        notice.notes.map(({ field, entityId }) => `${fieldName(field)} of ${titleOf(entityId)}`),
      );
      return merged
        ? { title: 'Merged with somebody’s change', message: `Both are kept: ${fields}.` }
        : { title: 'Somebody’s change stays', message: `Yours gave way: ${fields}.` };
    }
    case 'gave_way':
      return {
        title: 'Somebody’s later change stays',
        message: `${describeCommand(notice.command)} gave way to it.`,
      };
    case 'settled_before':
      return { title: 'Already settled', message: 'Somebody else has decided this conflict.' };
  }
}

/** “2 fields were left: somebody else has changed them since: title of A, position of B.” */
export function describeSkipped(
  { type, skipped }: Pick<Extract<Notice, { kind: 'skipped' }>, 'type' | 'skipped'>,
  titleOf: (id: string) => string,
): { title: string; message: string } {
  const reasons = new Map<string, string[]>();
  for (const { entityId, field, reason } of skipped) {
    const what =
      field === undefined ? titleOf(entityId) : `${fieldName(field)} of ${titleOf(entityId)}`;
    reasons.set(reason, [...(reasons.get(reason) ?? []), what]);
  }
  const count = skipped.length;
  const thing = skipped.every(({ field }) => field !== undefined) ? 'field' : 'thing';
  const were = count === 1 ? `1 ${thing} was left` : `${count} ${thing}s were left`;
  const why = [...reasons].map(([reason, whats]) => `${listed([...new Set(whats)])} (${reason})`);
  return {
    title: type === 'UNDO' ? 'Not all could be undone' : 'Not all could be redone',
    message: `${were}: ${why.join('; ')}.`,
  };
}

function listed(items: readonly string[]): string {
  const shown = items.slice(0, NAMED_MAX).join(', ');
  return items.length > NAMED_MAX ? `${shown} and ${items.length - NAMED_MAX} more` : shown;
}

/** Why this person can only look; `undefined` if they can edit. */
export function readOnlyReason(
  role: Role | undefined,
  access: GraphRole | undefined,
): string | undefined {
  if (role === 'viewer') return 'Your token is a viewer’s: it lets you look at everything here.';
  if (access === 'view') return 'This graph is shared with you for viewing.';
  if (access === 'comment') return 'You may comment in this graph, not change it.';
  if (access === 'none') return 'This graph is not shared with you any more.';
  return undefined;
}
