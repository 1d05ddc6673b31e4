/**
 * Replays histories that Rust's `model` wrote (`cargo xtask gen`): both reducers must agree on
 * every entity and on the checksum.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AppliedOperation, HeldEdge, HeldNode } from '../protocol';
import { ServerState } from './server-state';

interface History {
  initial: { nodes: HeldNode[]; edges: HeldEdge[] };
  operations: AppliedOperation[];
  final: { nodes: HeldNode[]; edges: HeldEdge[]; checksum: string };
}

const folder = join(import.meta.dirname, 'histories');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

const byId = (left: { id: string }, right: { id: string }) => (left.id < right.id ? -1 : 1);

describe('histories from the model', () => {
  it.runIf(files.length === 0)('has no history to replay yet', () => {
    expect(files).toEqual([]);
  });

  it.each(files)('%s ends in the same state', (name) => {
    const history = JSON.parse(readFileSync(join(folder, name), 'utf8')) as History;
    const touched = { nodes: new Set<string>(), edges: new Set<string>() };
    const state = new ServerState();
    state.replaceAll(history.initial.nodes, history.initial.edges, touched);
    for (const operation of history.operations) {
      expect(state.applyOperation(operation, touched)).toBe(true);
    }
    const nodes = [...state.nodes.values()].map(({ entity }) => entity).sort(byId);
    const edges = [...state.edges.values()].map(({ entity }) => entity).sort(byId);
    expect(nodes).toEqual(history.final.nodes.map(({ node }) => node).sort(byId));
    expect(edges).toEqual(history.final.edges.map(({ edge }) => edge).sort(byId));
    expect(state.checksum).toBe(history.final.checksum);
  });
});
