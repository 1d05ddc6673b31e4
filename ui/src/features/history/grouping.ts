import type { Effect } from '../../generated/Effect';
import type { HistoryEntry } from '../../generated/HistoryEntry';

/** One line of the panel: an operation, or the many small steps of one drag. */
export interface Line {
  /** The oldest version in it: it stays the same while newer steps join. */
  key: number;
  /** Newest first. */
  entries: HistoryEntry[];
  effects: Effect[];
}

export type Row =
  | { kind: 'group'; key: string; userId: string; minute: number; at: number }
  | { kind: 'line'; key: string; line: Line };

const MINUTE_MS = 60_000;

/** Groups by minute and author, and puts the steps of one drag into one line. */
export function rowsOf(entries: readonly HistoryEntry[]): Row[] {
  const rows: Row[] = [];
  let group: { userId: string; minute: number } | undefined;
  for (const entry of entries) {
    const minute = Math.floor(entry.at / MINUTE_MS);
    if (group?.userId !== entry.userId || group.minute !== minute) {
      group = { userId: entry.userId, minute };
      rows.push({ kind: 'group', key: `group-${entry.version}`, ...group, at: entry.at });
    }
    const last = rows.at(-1);
    if (last?.kind === 'line' && sameDrag(last.line, entry)) join(last, entry);
    else rows.push(lineRow(entry));
  }
  nameGroupsByEnd(rows);
  return rows;
}

function lineRow(entry: HistoryEntry): Row {
  const line = { key: entry.version, entries: [entry], effects: entry.effects };
  return { kind: 'line', key: `line-${entry.version}`, line };
}

/** Older steps come later, so each moves the line's beginning further back. */
function join(row: Extract<Row, { kind: 'line' }>, entry: HistoryEntry): void {
  const { line } = row;
  const effects = line.effects.map((effect) => {
    const earlier = entry.effects.find(({ entityId }) => entityId === effect.entityId);
    return earlier === undefined ? effect : { ...effect, before: earlier.before };
  });
  row.line = { key: entry.version, entries: [...line.entries, entry], effects };
  row.key = `line-${entry.version}`;
}

/** A group's key must not change when something newer joins it: it is named by its oldest line. */
function nameGroupsByEnd(rows: Row[]): void {
  let oldest: string | undefined;
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index];
    if (row?.kind === 'line') oldest ??= row.key;
    else if (row?.kind === 'group') {
      row.key = `group-${oldest ?? row.key}`;
      oldest = undefined;
    }
  }
}

function sameDrag(line: Line, entry: HistoryEntry): boolean {
  const [newest] = line.entries;
  if (newest === undefined || !onlyMoves(newest) || !onlyMoves(entry)) return false;
  const ids = (effects: readonly Effect[]) =>
    effects
      .map(({ entityId }) => entityId)
      .sort()
      .join('|');
  return ids(line.effects) === ids(entry.effects);
}

function onlyMoves(entry: HistoryEntry): boolean {
  const { effects, moreEffects, target, conflicts, type } = entry;
  return (
    effects.length > 0 &&
    moreEffects === 0 &&
    target === undefined &&
    conflicts.length === 0 &&
    type !== 'RESTORE_VERSION' &&
    effects.every(({ kind, field }) => kind === 'changed' && field === 'position')
  );
}

/** Which versions were taken back, and by which version, as far as the entries tell. */
export function undoneBy(entries: readonly HistoryEntry[]): Map<number, number> {
  const undone = new Map<number, number>();
  /** What each undo and redo is about in the end. */
  const about = new Map<number, number>();
  for (const { type, target, version, effects, skipped } of [...entries].reverse()) {
    if (target === undefined) continue;
    const original = about.get(target.version) ?? target.version;
    about.set(version, original);
    // An undo that had to leave everything as it was took nothing back.
    const idle = effects.length === 0 && skipped.length > 0;
    if (type === 'UNDO' && !idle) undone.set(original, version);
    else if (type === 'REDO') undone.delete(original);
  }
  return undone;
}
