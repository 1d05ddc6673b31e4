import type { CommandBody } from '../protocol';
import type { Attention } from '../replica';
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
  if (connection.state === 'closed' || connection.state === 'offline') {
    return { state: 'offline', text: `offline (${pendingCount} unsent)` };
  }
  if (!status.loaded) return { state: 'loading', text: 'loading' };
  if (connection.state === 'connecting') {
    return { state: 'offline', text: `offline (${pendingCount} unsent)` };
  }
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
  conflict: 'Somebody else changed the same thing; a person has to decide.',
};

export function describeReason(item: Pick<Attention, 'code' | 'message'>): string {
  return REASONS[item.code] ?? sentence(item.message);
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
