/**
 * Replays histories that Rust's `model` wrote (`cargo xtask gen`): both reducers must agree on
 * every entity and on the checksum.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AppliedOperation, HashedEdge, HashedNode } from '../protocol';
import { Replica } from './replica';
import { ServerState } from './server-state';

interface History {
  initial: { nodes: HashedNode[]; edges: HashedEdge[] };
  operations: AppliedOperation[];
  final: { nodes: HashedNode[]; edges: HashedEdge[]; checksum: string };
}

const folder = join(import.meta.dirname, 'histories');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

const byId = (left: { id: string }, right: { id: string }) => (left.id < right.id ? -1 : 1);

describe('histories from the model', () => {
  it('are there', () => {
    expect(files.length).toBeGreaterThan(0);
  });

  it.each(files)('%s ends in the same state', (name) => {
    const history = JSON.parse(readFileSync(join(folder, name), 'utf8')) as History;
    const touched = {
      nodes: new Set<string>(),
      edges: new Set<string>(),
      contested: new Set<string>(),
    };
    const state = new ServerState();
    state.replaceAll(history.initial, touched);
    for (const operation of history.operations) {
      expect(state.applyOperation(operation, touched)).toBe(true);
    }
    const nodes = [...state.nodes.values()].map(({ entity }) => entity).sort(byId);
    const edges = [...state.edges.values()].map(({ entity }) => entity).sort(byId);
    expect(nodes).toEqual(history.final.nodes.map(({ node }) => node).sort(byId));
    expect(edges).toEqual(history.final.edges.map(({ edge }) => edge).sort(byId));
    expect(state.checksum).toBe(history.final.checksum);
  });

  it.each(files)('%s, told frame by frame, leaves a replica in sync', (name) => {
    const history = JSON.parse(readFileSync(join(folder, name), 'utf8')) as History;
    const replica = new Replica();
    const { nodes, edges } = history.initial;
    const first = history.operations[0]?.version ?? 1;
    const epoch = 'history';
    const start = { type: 'sync', mode: 'full', epoch, version: first - 1 } as const;
    replica.receive([{ ...start, chunk: 0, chunks: 1, nodes, edges, landed: [] }]);
    const last = history.operations.at(-1)?.version ?? 0;
    replica.receive([
      {
        type: 'sync',
        mode: 'behind',
        epoch,
        fromVersion: first - 1,
        toVersion: last,
        operations: history.operations,
        checksum: history.final.checksum,
        landed: [],
        last: true,
      },
    ]);
    expect(replica.inSync).toBe(true);
    expect(replica.nodeIds().size).toBe(history.final.nodes.length);
    expect(replica.edgeIds().size).toBe(history.final.edges.length);
  });
});
