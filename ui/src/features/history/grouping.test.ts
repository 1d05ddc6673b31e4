import { describe, expect, it } from 'vitest';
import type { Effect } from '../../generated/Effect';
import type { HistoryEntry } from '../../generated/HistoryEntry';
import { describeEntry } from './describe';
import { rowsOf, undoneBy } from './grouping';
import { withNews } from './use-history';

const MINUTE = 60_000;

function entry(version: number, part: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    version,
    operationId: `o-${version}`,
    type: 'UPDATE_NODE',
    userId: 'ada',
    at: 100 * MINUTE + version,
    effects: [],
    moreEffects: 0,
    skipped: [],
    conflicts: [],
    ...part,
  };
}

const changed = (field: string, before: unknown, after: unknown, entityId = 'a'): Effect => ({
  kind: 'changed',
  entity: 'node',
  entityId,
  field,
  before,
  after,
});
const moved = (from: number, to: number, id = 'a') =>
  changed('position', { x: from, y: 0 }, { x: to, y: 0 }, id);
const nameOf = ({ entityId }: Effect) => (entityId ?? '').toUpperCase();

describe('rows of the history', () => {
  it('begin anew with each minute and each author', () => {
    const rows = rowsOf([
      entry(4, { at: 101 * MINUTE }),
      entry(3),
      entry(2, { userId: 'bob' }),
      entry(1, { userId: 'bob' }),
    ]);
    expect(rows.map((row) => (row.kind === 'group' ? row.userId : row.key))).toEqual([
      'ada',
      'line-4',
      'ada',
      'line-3',
      'bob',
      'line-2',
      'line-1',
    ]);
  });

  it('show one drag as one line, from where it began to where it ended', () => {
    const steps = [3, 2, 1].map((version) =>
      entry(version, { effects: [moved(version - 1, version)] }),
    );
    const [, row, other] = rowsOf([...steps]);
    expect(other).toBeUndefined();
    if (row?.kind !== 'line') throw new Error('no line');
    expect(row.line.entries.map(({ version }) => version)).toEqual([3, 2, 1]);
    expect(row.line.effects).toEqual([moved(0, 3)]);
    // The name stays while newer steps join, so that an open line stays open.
    const [, longer] = rowsOf([entry(4, { effects: [moved(3, 4)] }), ...steps]);
    expect(longer?.key).toBe(row.key);
  });

  it('keep moves of other nodes, and moves that met somebody, apart', () => {
    const note = {
      entity: 'node' as const,
      entityId: 'a',
      field: 'position',
      resolution: 'client_wins' as const,
      winner: 'mine' as const,
    };
    const rows = rowsOf([
      entry(3, { effects: [moved(1, 2)], conflicts: [note] }),
      entry(2, { effects: [moved(0, 1)] }),
      entry(1, { effects: [moved(0, 1, 'b')] }),
    ]);
    expect(rows.filter(({ kind }) => kind === 'line')).toHaveLength(3);
  });
});

describe('what was taken back', () => {
  const undo = (version: number, of: number) =>
    entry(version, { type: 'UNDO', target: { operationId: `o-${of}`, version: of } });
  const redo = (version: number, of: number) => ({ ...undo(version, of), type: 'REDO' as const });

  it('is known by the undo that did it, until a redo brings it back', () => {
    expect(undoneBy([undo(2, 1), entry(1)])).toEqual(new Map([[1, 2]]));
    expect(undoneBy([redo(3, 2), undo(2, 1), entry(1)])).toEqual(new Map());
    // Taking back the redo takes the first operation back again.
    expect(undoneBy([undo(4, 3), redo(3, 2), undo(2, 1), entry(1)])).toEqual(new Map([[1, 4]]));
  });

  it('is nothing where an undo had to leave everything', () => {
    const skipped = [
      { entity: 'node' as const, entityId: 'a', field: 'title', reason: 'changed since' },
    ];
    expect(undoneBy([{ ...undo(2, 1), skipped }, entry(1)])).toEqual(new Map());
    const effects = [moved(1, 0)];
    expect(undoneBy([{ ...undo(2, 1), skipped, effects }, entry(1)])).toEqual(new Map([[1, 2]]));
  });
});

describe('an entry in words', () => {
  const say = (part: Partial<HistoryEntry>) => describeEntry(entry(9, part), nameOf);

  it('names one thing, counts several', () => {
    expect(say({ effects: [changed('title', 'X', 'Y')] })).toBe('renamed “X” → “Y”');
    expect(say({ effects: [moved(0, 1)] })).toBe('moved “A”');
    expect(say({ effects: [moved(0, 1), moved(0, 1, 'b'), moved(0, 1, 'c')] })).toBe(
      'moved 3 nodes',
    );
    expect(say({ effects: [changed('data.note', 'x', null)] })).toBe(
      'took data.note away from “A”',
    );
    expect(say({ effects: [changed('data.note', 1, 2), changed('kind', 'x', 'y')] })).toBe(
      'changed data.note, kind of “A”',
    );
    const deleted: Effect[] = [
      { kind: 'deleted', entity: 'node', entityId: 'a', before: {}, after: null },
      { kind: 'deleted', entity: 'edge', entityId: 'e', before: {}, after: null },
      { kind: 'deleted', entity: 'edge', entityId: 'f', before: {}, after: null },
    ];
    expect(say({ effects: deleted })).toBe('deleted 1 node and 2 edges');
  });

  it('says what an undo was about, also if it changed nothing', () => {
    const target = { operationId: 'o-1', version: 1 };
    expect(say({ type: 'UNDO', target, effects: [moved(1, 0)] })).toBe(
      'undid version 1: moved “A”',
    );
    expect(say({ type: 'UNDO', target })).toBe('undid version 1, with no effect');
    expect(say({ type: 'REDO', target, effects: [moved(0, 1)] })).toBe(
      'redid what version 1 undid: moved “A”',
    );
  });
});

describe('news', () => {
  const page = (versions: number[], next?: number) => ({
    epoch: 'e',
    currentVersion: versions[0] ?? 0,
    oldestVersion: 0,
    entries: versions.map((version) => entry(version)),
    next,
  });
  const known = { pages: [page([5, 4], 4), page([3, 2, 1])], pageParams: [undefined, 4] };
  const versions = (data: typeof known | undefined) =>
    data?.pages.flatMap(({ entries }) => entries.map(({ version }) => version));

  it('is put on top, each entry once', () => {
    const merged = withNews(known, page([7, 6, 5, 4], 4)) as typeof known;
    expect(versions(merged)).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  it('starts over when something between is missing, or another life has begun', () => {
    expect(withNews(known, page([9, 8], 8))).toBeUndefined();
    expect(withNews(known, { ...page([6, 5]), epoch: 'other' })).toBeUndefined();
  });
});
