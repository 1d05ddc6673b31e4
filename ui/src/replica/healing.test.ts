import { describe, expect, it } from 'vitest';
import { bucketOf } from './buckets';
import { Bench, connect, create, remove, rename } from './test-bench';

describe('a replica whose checksum disagrees', () => {
  const wrong = (bench: Bench) => {
    bench.graph.broadcastWrongChecksum();
    return bench.replica.receive(bench.inbox.splice(0)).need;
  };

  it('asks for digests first, once, and is content if they agree', () => {
    const bench = new Bench(create('a'), create('b'));
    expect(wrong(bench)).toBe('digests');
    expect(wrong(bench)).toBe('none');
    expect(bench.replica.inSync).toBe(false);
    expect(bench.replica.position).toBeDefined();
    expect(bench.replica.receive([bench.graph.digests()]).need).toBe('none');
    expect(bench.replica.inSync).toBe(true);
  });

  it('gets only the buckets that differ', () => {
    const ids = Array.from({ length: 40 }, (_, index) => `node-${index}`);
    const bench = new Bench(...ids.map(create), connect('edge', 'node-1', 'node-2'));
    // Somebody's rename and another's deletion pass this replica by.
    bench.graph.edit(rename('node-7', 'unheard'));
    bench.graph.edit(remove('node-9'));
    bench.inbox = [];
    const { epoch = '', version, checksum } = bench.graph.state;
    bench.replica.server.version = version;
    const untouched = bench.replica.node('node-1');
    const frame = {
      type: 'state_update',
      epoch,
      fromVersion: version,
      toVersion: version,
    } as const;
    expect(bench.replica.receive([{ ...frame, operations: [], checksum }]).need).toBe('digests');
    const { need } = bench.replica.receive([bench.graph.digests()]);
    const meant = [bucketOf('node-7'), bucketOf('node-9')].sort((a, b) => a - b);
    expect(need).toEqual({ buckets: meant });
    const change = bench.replica.receive([bench.graph.repair(meant)]);
    expect([...change.nodes].sort()).toEqual(['node-7', 'node-9']);
    expect(bench.title('node-7')).toBe('unheard');
    expect(bench.replica.node('node-9')).toBeUndefined();
    expect(bench.replica.node('node-1')).toBe(untouched);
    expect(bench.replica.inSync).toBe(true);
  });

  it('asks for everything only when two repairs were in vain, and then begins anew', () => {
    const bench = new Bench(create('a'));
    const useless = () => {
      const { epoch = '', version } = bench.graph.state;
      const buckets = Array.from({ length: 64 }, () => 'f'.repeat(16));
      const found = bench.replica.receive([{ type: 'digests', epoch, version, buckets }]).need;
      expect(found).toMatchObject({ buckets: expect.any(Array) });
      const repair = { type: 'sync', mode: 'repair', epoch, version, last: true } as const;
      const content = { buckets: [], nodes: [], edges: [], checksum: 'f'.repeat(16) };
      return bench.replica.receive([{ ...repair, ...content }]).need;
    };
    expect(wrong(bench)).toBe('digests');
    expect(useless()).toBe('digests');
    expect(useless()).toBe('full');
    expect(wrong(bench)).toBe('none');
    bench.connection.requestSync('full');
    bench.flush();
    expect(bench.replica.inSync).toBe(true);
  });

  it('mends a state into which an operation does not fit', () => {
    const bench = new Bench(create('a'));
    const { epoch = '', version } = bench.graph.state;
    const { need } = bench.replica.receive([
      {
        type: 'state_update',
        epoch,
        fromVersion: version,
        toVersion: version + 1,
        operations: [
          {
            version: version + 1,
            operationId: 'x',
            userId: 'u',
            type: 'UPDATE_NODE',
            timestamp: 1,
            changes: [{ op: 'patch_node', id: 'gone', patch: {}, hash: '1'.repeat(16) }],
          },
        ],
        checksum: '0'.repeat(16),
      },
    ]);
    expect(need).toBe('digests');
    expect(bench.replica.inSync).toBe(false);
    expect(bench.replica.server.version).toBe(version + 1);
  });
});
