import { beforeEach, describe, expect, it } from 'vitest';
import { fakeHash } from '../platform/fake';
import type { ServerFrame } from '../protocol';
import { Replica } from './replica';
import { Bench, connect, create, move, node, remove, rename } from './test-bench';

describe('the optimistic replica', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench(create('a'), create('b'), connect('ab', 'a', 'b'));
  });

  it('starts from a full sync whose checksum agrees', () => {
    expect([...bench.replica.nodeIds()]).toEqual(['a', 'b']);
    expect([...bench.replica.edgeIds()]).toEqual(['ab']);
    expect(bench.replica.inSync).toBe(true);
    expect(bench.replica.position).toEqual({ epoch: 'epoch-1', version: 3 });
  });

  it('shows an edit at once and keeps its mark until the server has decided', () => {
    bench.graph.pause();
    bench.submit(rename('a', 'mine'));
    expect(bench.title('a')).toBe('mine');
    expect(bench.replica.mark('a')).toBe('pending');
    expect(bench.replica.server.nodes.get('a')?.entity.title).toBe('a');
    bench.graph.resume();
    bench.flush();
    expect(bench.title('a')).toBe('mine');
    expect(bench.replica.mark('a')).toBeUndefined();
    expect(bench.replica.pendingCount).toBe(0);
  });

  it('reports only the ids whose view changed', () => {
    bench.graph.pause();
    bench.submit(rename('a', 'mine'));
    bench.graph.edit(move('b', 7));
    const change = bench.flush();
    expect([...change.nodes]).toEqual(['b']);
    expect([...change.edges]).toEqual([]);
  });

  it('keeps the identity of entities that did not change', () => {
    bench.graph.pause();
    bench.submit(rename('a', 'mine'));
    const before = bench.replica.node('a');
    bench.graph.edit(move('b', 7));
    bench.flush();
    expect(bench.replica.node('a')).toBe(before);
  });

  it('re-applies a pending patch over what others changed meanwhile', () => {
    bench.graph.pause();
    bench.submit(rename('a', 'mine'));
    bench.graph.edit(move('a', 42));
    bench.flush();
    expect(bench.replica.node('a')).toMatchObject({ title: 'mine', position: { x: 42 } });
  });

  it('does not drop a confirmed command before its version is applied', () => {
    bench.graph.pause();
    const operationId = bench.submit(rename('a', 'mine'));
    const outcome = { status: 'applied', version: 4 } as const;
    bench.replica.receive([{ type: 'command_result', operationId, outcome }]);
    expect(bench.title('a')).toBe('mine');
    expect(bench.replica.pendingCount).toBe(1);
    bench.graph.resume();
    bench.flush();
    expect(bench.title('a')).toBe('mine');
    expect(bench.replica.pendingCount).toBe(0);
  });

  it('never shows a superseded drag step after a later one has landed', () => {
    bench.graph.pause();
    const superseded = bench.submit(move('a', 1));
    const last = bench.submit(move('a', 2));
    bench.replica.receive([
      {
        type: 'state_update',
        epoch: 'epoch-1',
        fromVersion: 3,
        toVersion: 4,
        operations: [
          {
            version: 4,
            operationId: last,
            userId: 'tester',
            type: 'UPDATE_NODE',
            timestamp: 1,
            changes: [
              {
                op: 'patch_node',
                id: 'a',
                patch: { position: { x: 2, y: 0 } },
                hash: '0'.repeat(16),
              },
            ],
          },
        ],
        checksum: '0'.repeat(16),
      },
    ]);
    expect(bench.replica.node('a')?.position.x).toBe(2);
    expect(bench.replica.pendingCount).toBe(1);
    const outcome = { status: 'merged', version: 4 } as const;
    bench.replica.receive([{ type: 'command_result', operationId: superseded, outcome }]);
    expect(bench.replica.pendingCount).toBe(0);
  });

  it('reverts only the refused command and keeps the reason until dismissed', () => {
    bench.graph.pause();
    const refused = bench.submit(rename('a', 'refused'));
    bench.submit(rename('b', 'kept'));
    bench.replica.receive([
      { type: 'revert', operationId: refused, code: 'forbidden', message: 'not yours' },
    ]);
    expect(bench.title('a')).toBe('a');
    expect(bench.title('b')).toBe('kept');
    expect(bench.replica.mark('a')).toBe('attention');
    expect(bench.replica.attention).toMatchObject([
      { operationId: refused, code: 'forbidden', message: 'not yours', final: true },
    ]);
    bench.replica.dismiss(refused);
    expect(bench.replica.attention).toEqual([]);
    expect(bench.replica.mark('a')).toBeUndefined();
  });

  it('turns a pending rename of a node that vanished into attention, then into the verdict', () => {
    bench.graph.pause();
    bench.submit(rename('a', 'mine'));
    bench.submit(move('b', 5));
    bench.graph.edit(remove('a'));
    bench.flush();
    expect(bench.replica.node('a')).toBeUndefined();
    expect(bench.replica.edge('ab')).toBeUndefined();
    expect(bench.replica.attention).toMatchObject([{ code: 'not_found', final: false }]);
    expect(bench.replica.node('b')?.position.x).toBe(5);
    bench.graph.resume();
    bench.flush();
    expect(bench.replica.attention).toMatchObject([{ code: 'not_found', final: true }]);
    expect(bench.replica.pendingCount).toBe(0);
    expect(bench.replica.inSync).toBe(true);
  });

  it('takes edges along with a deleted node, in the view and in the checksum', () => {
    bench.graph.pause();
    bench.submit(remove('a'));
    expect([...bench.replica.edgeIds()]).toEqual([]);
    bench.graph.resume();
    bench.flush();
    expect([...bench.replica.edgeIds()]).toEqual([]);
    expect(bench.replica.inSync).toBe(true);
  });

  it('subtracts the hashes of edges that a delete does not list', () => {
    bench.replica.receive([
      {
        type: 'state_update',
        epoch: 'epoch-1',
        fromVersion: 3,
        toVersion: 4,
        operations: [
          {
            version: 4,
            operationId: 'x',
            userId: 'u',
            type: 'DELETE_NODE',
            timestamp: 1,
            changes: [{ op: 'delete_node', id: 'a' }],
          },
        ],
        checksum: fakeHash(node('b')),
      },
    ]);
    expect(bench.replica.inSync).toBe(true);
  });

  it('is content when a node it wanted to delete is gone already', () => {
    bench.graph.pause();
    const operationId = bench.submit(remove('a'));
    bench.graph.edit(remove('a'));
    bench.replica.receive([
      { type: 'revert', operationId, code: 'not_found', message: 'node a does not exist' },
    ]);
    bench.flush();
    expect(bench.replica.attention).toEqual([]);
  });

  it('undoes an atomic batch as a whole when one part cannot apply', () => {
    bench.graph.pause();
    const operations = [rename('a', 'x'), rename('missing', 'y')] as never;
    bench.submit({ type: 'BATCH_UPDATE', payload: { operations, atomic: true } });
    expect(bench.title('a')).toBe('a');
    expect(bench.replica.attention).toHaveLength(1);
    bench.submit({ type: 'BATCH_UPDATE', payload: { operations, atomic: false } });
    expect(bench.title('a')).toBe('x');
  });

  it('asks for the missed operations after a gap and heals', () => {
    bench.graph.edit(rename('a', 'one'));
    bench.inbox.length = 0;
    bench.graph.edit(rename('a', 'two'));
    bench.flush();
    expect(bench.needs).toEqual(['delta']);
    expect(bench.title('a')).toBe('two');
    expect(bench.replica.inSync).toBe(true);
  });

  it('asks for the full state on another epoch', () => {
    const { replica } = bench;
    const checksum = replica.server.checksum;
    const change = replica.receive([
      { type: 'state_update', epoch: 'e2', fromVersion: 3, toVersion: 3, operations: [], checksum },
    ]);
    expect(change.need).toBe('full');
  });

  it('asks for a sync when a heartbeat names a version it has not seen', () => {
    const frame = { type: 'heartbeat', epoch: 'epoch-1', version: 9 } as const;
    expect(bench.replica.receive([frame]).need).toBe('delta');
  });

  it('ignores operations it has already', () => {
    bench.graph.edit(rename('a', 'one'));
    const frames = [...bench.inbox];
    bench.flush();
    expect(bench.replica.receive(frames).need).toBe('none');
    expect(bench.replica.server.version).toBe(4);
  });

  it('resumes after being offline: landed commands drop, the others are sent again', () => {
    bench.submit(rename('a', 'landed'));
    bench.inbox.length = 0;
    bench.graph.setOnline(false);
    bench.submit(rename('b', 'unsent'));
    expect(bench.title('b')).toBe('unsent');
    bench.graph.setOnline(true);
    bench.flush();
    expect(bench.title('a')).toBe('landed');
    expect(bench.title('b')).toBe('unsent');
    expect(bench.replica.pendingCount).toBe(0);
    expect(bench.replica.inSync).toBe(true);
  });

  it('keeps pending edits over a full resync', () => {
    bench.graph.pause();
    bench.submit(rename('a', 'mine'));
    bench.submit(create('c'));
    const untouched = bench.replica.node('b');
    bench.replica.receive(bench.graph.sync(undefined, []));
    expect(bench.title('a')).toBe('mine');
    expect(bench.title('c')).toBe('c');
    expect(bench.replica.node('b')).toBe(untouched);
  });

  it('returns the first outcome of a duplicate', () => {
    bench.graph.pause();
    const operationId = bench.submit(rename('a', 'mine'));
    const first = { status: 'rejected', code: 'expired', message: 'too late' } as const;
    bench.replica.receive([
      { type: 'command_result', operationId, outcome: { status: 'duplicate', first } },
    ]);
    expect(bench.replica.attention).toMatchObject([{ code: 'expired' }]);
    expect(bench.title('a')).toBe('a');
  });
});

describe('a full sync in chunks', () => {
  const chunk = (index: number, id: string, chunks = 2): ServerFrame => ({
    type: 'sync',
    mode: 'full',
    epoch: 'e',
    version: 5,
    chunk: index,
    chunks,
    nodes: [{ node: node(id), hash: fakeHash(node(id)) }],
    edges: [],
    landed: [],
    ...(index === chunks - 1 ? { checksum: sum('a', 'b') } : {}),
  });
  const sum = (...ids: string[]) =>
    BigInt.asUintN(
      64,
      ids.reduce((total, id) => total + BigInt(`0x${fakeHash(node(id))}`), 0n),
    )
      .toString(16)
      .padStart(16, '0');

  it('replaces the state only when the last one is here', () => {
    const replica = new Replica();
    replica.receive([chunk(0, 'a')]);
    expect(replica.loaded).toBe(false);
    expect(replica.syncProgress).toEqual({ chunk: 1, chunks: 2 });
    replica.receive([chunk(1, 'b')]);
    expect(replica.inSync).toBe(true);
    expect(replica.syncProgress).toBeUndefined();
  });

  it('goes on behind the chunks that it has, on a new connection', () => {
    const replica = new Replica();
    replica.receive([chunk(0, 'a')]);
    replica.connectionLost();
    expect(replica.partial).toEqual({ epoch: 'e', version: 5, chunks: 1 });
    replica.receive([chunk(1, 'b')]);
    expect([...replica.nodeIds()]).toEqual(['a', 'b']);
    expect(replica.inSync).toBe(true);
    expect(replica.partial).toBeUndefined();
  });

  it('starts over at chunk 0 and asks again when one is missing', () => {
    const replica = new Replica();
    replica.receive([chunk(0, 'x')]);
    replica.receive([chunk(0, 'a'), chunk(1, 'b')]);
    expect([...replica.nodeIds()]).toEqual(['a', 'b']);
    const broken = new Replica();
    expect(broken.receive([chunk(0, 'a', 3), chunk(2, 'b', 3)]).need).toBe('full');
  });
});
