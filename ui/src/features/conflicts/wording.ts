import type { Choice } from '../../generated/Choice';
import type { ListedConflict } from '../../generated/ListedConflict';
import type { Outcome } from '../../protocol';
import { plural } from '../../shared/format';
import { refusalOf } from '../../shared/send-command';
import { resolutionOf } from '../../shared/strategies';
import { valueText } from '../../shared/value-diff';
import { isOpen } from './conflict-view';

export type PersonChoice = Exclude<Choice, 'obsolete'>;

/** One line of a value, for lists. */
export function previewOf(value: unknown): string {
  if (value === null || value === undefined) return 'not set';
  if (typeof value === 'string') return value === '' ? 'empty' : value;
  return valueText(value).replace(/\s+/g, ' ');
}

export function stateOf(conflict: ListedConflict): { text: string; tone: 'open' | 'done' } {
  if (isOpen(conflict)) return { text: 'open', tone: 'open' };
  const choice = conflict.record?.resolution?.choice;
  if (choice === 'obsolete') return { text: 'obsolete', tone: 'done' };
  if (choice !== undefined) return { text: `chose ${choice}`, tone: 'done' };
  return { text: resolutionOf(conflict.note.resolution).label.toLowerCase(), tone: 'done' };
}

const WINNERS = {
  mine: 'The late change was kept.',
  theirs: 'The value that was there stayed.',
  both: 'Both changes are in the value now.',
};

/** How a policy settled it, in a sentence or two. */
export function settledByPolicy({ note }: ListedConflict): string {
  const { label } = resolutionOf(note.resolution);
  return `Settled at once by the graph’s policy: ${label.toLowerCase()}. ${WINNERS[note.winner]}`;
}

/** What settling several conflicts will do, before it is done. */
export function announce(conflicts: readonly ListedConflict[], choice: PersonChoice): string {
  const graphs = new Set(conflicts.map(({ graphId }) => graphId)).size;
  const where = `${plural(conflicts.length, 'field')} in ${plural(graphs, 'graph')}`;
  return choice === 'theirs'
    ? `Keeps “theirs”, the stored value, in ${where}.`
    : `Writes “${choice}” to ${where}.`;
}

/** How settling one conflict ended. */
export function describeEnd(outcome: Outcome): { text: string; failed: boolean } {
  const refusal = refusalOf(outcome);
  if (refusal !== undefined) return { text: `${refusal.message} (${refusal.code})`, failed: true };
  switch (outcome.status) {
    case 'applied':
      return { text: `settled as version ${outcome.version}`, failed: false };
    case 'merged':
      return { text: `settled with another effect, version ${outcome.version}`, failed: false };
    case 'conflict':
      return { text: 'met another change; a new conflict is open', failed: true };
    default:
      return { text: 'had been settled before', failed: false };
  }
}
