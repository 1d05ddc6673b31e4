import { beforeEach, describe, expect, it } from 'vitest';
import type { Change } from '../protocol';
import { Replica } from './replica';
import { Bench, connect, create, remove, rename, welcomeOf } from './test-bench';

describe('conflicts', () => {
  let bench: Bench;
  const rival = (title: string) => bench.graph.edit(rename('a', title));
  beforeEach(() => {
    bench = new Bench(create('a'), create('b'));
    bench.graph.pause();
  });

  const submitSeen = (title: string, base: string) => {
    const baseVersion = bench.replica.server.version;
    const payload = { id: 'a', patch: { title }, base: { title: base } };
    return bench.submit({ type: 'UPDATE_NODE', payload }, { baseVersion });
  };

  it('that merge show the merged text and say so', () => {
    submitSeen('a, mine', 'a');
    rival('theirs: a');
    bench.graph.resume();
    const { notices } = bench.flush();
    expect(bench.title('a')).toBe('theirs: a, mine');
    expect(notices).toMatchObject([{ kind: 'met', notes: [{ winner: 'both' }] }]);
    expect(bench.replica.mark('a')).toBeUndefined();
  });

  it('that do not merge keep the server’s value and mark the entity until they are settled', () => {
    submitSeen('mine', 'a');
    rival('theirs');
    bench.graph.resume();
    const { notices } = bench.flush();
    expect(bench.title('a')).toBe('theirs');
    expect(bench.replica.pendingCount).toBe(0);
    expect(bench.replica.attention).toEqual([]);
    expect(bench.replica.mark('a')).toBe('contested');
    const [record] = bench.replica.conflictsAbout('a');
    expect(record).toMatchObject({ base: 'a', mine: 'mine', theirs: 'theirs' });
    expect(notices).toContainEqual({ kind: 'conflict', record });

    bench.graph.pause();
    const { conflictId = '' } = record ?? {};
    bench.submit({ type: 'RESOLVE_CONFLICT', payload: { conflictId, choice: 'mine' } });
    expect(bench.title('a')).toBe('mine');
    expect(bench.replica.mark('a')).toBeUndefined();
    bench.graph.resume();
    bench.flush();
    expect(bench.title('a')).toBe('mine');
    expect(bench.replica.server.conflicts.size).toBe(0);
    expect(bench.replica.inSync).toBe(true);
  });

  it('come with a full state, and are settled by another person’s choice', () => {
    submitSeen('mine', 'a');
    rival('theirs');
    bench.graph.resume();
    const late = new Replica();
    late.receive(bench.graph.sync(undefined, []));
    expect(late.mark('a')).toBe('contested');
    const [record] = late.conflictsAbout('a');
    const { conflictId = '' } = record ?? {};
    const payload = { conflictId, choice: 'edited', value: 'ours' } as const;
    bench.graph.edit({ type: 'RESOLVE_CONFLICT', payload });
    bench.flush();
    expect(bench.title('a')).toBe('ours');
    expect(bench.replica.mark('a')).toBeUndefined();
    bench.submit({ type: 'RESOLVE_CONFLICT', payload });
    const { notices, harmless } = bench.flush();
    expect(notices).toEqual([{ kind: 'settled_before' }]);
    expect(harmless).toHaveLength(1);
    expect(bench.replica.attention).toEqual([]);
  });
});

describe('undo', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench(create('a'), create('b'), connect('ab', 'a', 'b'));
  });
  const undo = () => bench.submit({ type: 'UNDO', payload: {} });
  const redo = () => bench.submit({ type: 'REDO', payload: {} });

  it('is on screen before the server knows of it, for confirmed and pending work', () => {
    bench.submit(rename('a', 'confirmed'));
    bench.flush();
    bench.graph.pause();
    bench.submit(rename('a', 'pending'));
    undo();
    expect(bench.title('a')).toBe('confirmed');
    undo();
    expect(bench.title('a')).toBe('a');
    redo();
    expect(bench.title('a')).toBe('confirmed');
    bench.graph.resume();
    bench.flush();
    expect(bench.title('a')).toBe('confirmed');
    expect(bench.replica.inSync).toBe(true);
  });

  it('brings a deleted node back with its edges, and takes a new one away', () => {
    bench.submit(remove('a'));
    bench.flush();
    bench.graph.pause();
    undo();
    expect(bench.replica.edge('ab')).toBeDefined();
    bench.submit(create('c'));
    undo();
    expect(bench.replica.node('c')).toBeUndefined();
    bench.graph.resume();
    bench.flush();
    expect([...bench.replica.nodeIds()].sort()).toEqual(['a', 'b']);
    expect([...bench.replica.edgeIds()]).toEqual(['ab']);
    expect(bench.replica.inSync).toBe(true);
  });

  it('predicts nothing for fields that somebody else has changed since', () => {
    bench.submit({
      type: 'UPDATE_NODE',
      payload: { id: 'a', patch: { title: 'mine', position: { x: 5, y: 5 } } },
    });
    bench.graph.edit(rename('a', 'theirs'));
    bench.flush();
    bench.graph.pause();
    const operationId = undo();
    expect(bench.replica.node('a')).toMatchObject({ title: 'theirs', position: { x: 0, y: 0 } });
    bench.graph.resume();
    const { notices } = bench.flush();
    expect(notices).toMatchObject([
      { kind: 'skipped', type: 'UNDO', operationId, skipped: [{ entityId: 'a', field: 'title' }] },
    ]);
  });

  it('waits for the server where it does not know its own work', () => {
    bench.submit(rename('a', 'mine'));
    const late = new Replica();
    late.receive([{ ...welcomeOf('tester') }, ...bench.graph.sync(undefined, [])]);
    expect(late.ownWork.undoUnknown).toBe(true);
    late.submit({ type: 'UNDO', payload: {}, operationId: 'late' });
    expect(late.node('a')?.title).toBe('mine');
  });

  it('knows when nothing is left, without calling it a fault', () => {
    undo();
    const { notices } = bench.flush();
    expect(notices).toMatchObject([{ kind: 'nothing_left', type: 'UNDO', named: false }]);
    expect(bench.replica.attention).toEqual([]);
    expect(bench.replica.ownWork.undoUnknown).toBe(false);
  });

  it('forgets what could be brought back once new work is done', () => {
    bench.submit(rename('a', 'one'));
    undo();
    bench.flush();
    expect(bench.replica.ownWork.redo).toHaveLength(1);
    bench.submit(rename('a', 'two'));
    expect(bench.replica.ownWork.redo).toHaveLength(0);
    expect(bench.replica.ownWork.redoUnknown).toBe(false);
  });

  it('never takes back what somebody else did', () => {
    bench.graph.edit(rename('a', 'theirs'));
    bench.flush();
    bench.graph.pause();
    undo();
    expect(bench.title('a')).toBe('theirs');
  });
});

describe('the graph itself', () => {
  it('follows its name, policy and grants', () => {
    const replica = new Replica();
    const bench = new Bench(create('a'));
    replica.receive(bench.graph.sync(undefined, []));
    const { epoch = '', version, checksum } = bench.graph.state;
    const operation = (changes: Change[]) => ({
      version: version + 1,
      operationId: 'op',
      userId: 'u',
      type: 'UPDATE_GRAPH' as const,
      timestamp: 1,
      changes,
    });
    replica.receive([
      {
        type: 'state_update',
        epoch,
        fromVersion: version,
        toVersion: version + 1,
        checksum,
        operations: [
          operation([
            { op: 'set_name', name: 'new' },
            { op: 'set_policy', policy: { title: 'MANUAL' } },
            { op: 'set_grant', grantee: 'bea', role: 'view' },
            { op: 'set_grant', grantee: '*', role: 'none' },
            { op: 'set_grant', grantee: 'bea', role: null },
          ]),
        ],
      },
    ]);
    expect(replica.server.name).toBe('new');
    expect(replica.server.settings).toEqual({
      policy: { title: 'MANUAL' },
      grants: { '*': 'none' },
    });
    expect(replica.inSync).toBe(true);
  });
});
