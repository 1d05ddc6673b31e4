import type { ResolutionType } from '../generated/ResolutionType';
import type { Strategy } from '../generated/Strategy';

interface Explained<Name> {
  name: Name;
  label: string;
  about: string;
}

/** How a graph can have its conflicts settled, each in one line. */
export const STRATEGIES: readonly Explained<Strategy>[] = [
  {
    name: 'LAST_WRITE_WINS',
    label: 'Last write wins',
    about: 'The write with the later time stays, whichever arrives first.',
  },
  {
    name: 'MERGE',
    label: 'Merge',
    about: 'Both changes are kept where they do not touch; where they do, a person decides.',
  },
  {
    name: 'CLIENT_WINS',
    label: 'Newcomer wins',
    about: 'What arrives later replaces what is there.',
  },
  {
    name: 'SERVER_WINS',
    label: 'Stored value wins',
    about: 'What is there stays; the late change is dropped.',
  },
  {
    name: 'MANUAL',
    label: 'A person decides',
    about: 'What is there stays until somebody has chosen on the Conflicts page.',
  },
];

export function strategyOf(name: Strategy): Explained<Strategy> {
  return STRATEGIES.find((strategy) => strategy.name === name) ?? { name, label: name, about: '' };
}

/** The ways in which conflicts end, in the order of charts and legends. */
export const RESOLUTIONS: readonly (Explained<ResolutionType> & { color: string })[] = [
  {
    name: 'manual',
    label: 'A person decides',
    about: 'The stored value stays until a person has chosen.',
    color: '--g-series-1',
  },
  {
    name: 'last_write_wins',
    label: 'Last write wins',
    about: 'The later write stayed.',
    color: '--g-series-2',
  },
  { name: 'merge', label: 'Merged', about: 'Both changes were kept.', color: '--g-series-3' },
  {
    name: 'client_wins',
    label: 'Newcomer wins',
    about: 'The later arrival replaced what was there.',
    color: '--g-series-4',
  },
  {
    name: 'server_wins',
    label: 'Stored value wins',
    about: 'What was there stayed.',
    color: '--g-series-5',
  },
];

export function resolutionOf(name: ResolutionType): Explained<ResolutionType> {
  return RESOLUTIONS.find((known) => known.name === name) ?? { name, label: name, about: '' };
}
