import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeGraph, FakePlatform } from '../platform/fake';
import type { Position } from '../protocol';
import { packOperations } from './batches';
import {
  addNode,
  connectNodes,
  copyNodes,
  deleteEntities,
  freePlace,
  paste,
  renameNode,
} from './edits';
import { GraphSession } from './graph-session';
import { MoveSender } from './move-sender';
import { saveStatus } from './wording';

describe('an open graph', () => {
  let graph: FakeGraph;
  let session: GraphSession;

  beforeEach(() => {
    vi.useFakeTimers();
    const platform = new FakePlatform();
    graph = platform.addGraph('g');
    for (const id of ['a', 'b', 'c']) {
      graph.edit({ type: 'CREATE_NODE', payload: { id, title: id } });
    }
    graph.edit({ type: 'CREATE_EDGE', payload: { id: 'ab', source: 'a', target: 'b' } });
    session = new GraphSession(platform, 'g');
    nextFrame();
  });

  afterEach(() => {
    session.close();
    vi.useRealTimers();
  });

  const nextFrame = () => vi.advanceTimersByTime(20);
  const text = () => saveStatus(session.status.getState()).text;
  const shown = (id: string) => session.flow.store.getState().nodes.find((node) => node.id === id);

  it('says saved only when nothing is pending and the checksum agrees', () => {
    expect(text()).toBe('saved');
    graph.pause();
    renameNode(session, 'a', 'x');
    expect(text()).toBe('saving (1)');
    graph.setOnline(false);
    expect(text()).toBe('offline (1 unsent)');
    graph.setOnline(true);
    graph.resume();
    nextFrame();
    expect(text()).toBe('saved');
  });

  it('is not saved while the checksum disagrees, and heals by itself', () => {
    const statuses: string[] = [];
    session.status.subscribe((status) => statuses.push(saveStatus(status).text));
    graph.broadcastWrongChecksum();
    nextFrame();
    nextFrame();
    expect(statuses).toContain('checking');
    expect(text()).toBe('saved');
  });

  it('needs attention after a refusal until that is dismissed', () => {
    graph.pause();
    renameNode(session, 'a', 'x');
    graph.edit({ type: 'DELETE_NODE', payload: { id: 'a' } });
    graph.resume();
    nextFrame();
    expect(text()).toBe('needs attention (1)');
    const [item] = session.status.getState().attention;
    session.dismiss(item?.operationId ?? '');
    expect(text()).toBe('saved');
  });

  it('replaces only the entries that changed', () => {
    const before = session.flow.store.getState();
    graph.edit({ type: 'UPDATE_NODE', payload: { id: 'b', patch: { title: 'new' } } });
    nextFrame();
    const after = session.flow.store.getState();
    expect(after.nodes).not.toBe(before.nodes);
    expect(after.nodes[0]).toBe(before.nodes[0]);
    expect(after.nodes[1]).not.toBe(before.nodes[1]);
    expect(after.edges).toBe(before.edges);
  });

  it('tells the marks of touched entities only', () => {
    const onA = vi.fn();
    const onB = vi.fn();
    session.marks.subscribe('a', onA);
    session.marks.subscribe('b', onB);
    graph.pause();
    renameNode(session, 'a', 'x');
    expect(session.marks.get('a')).toBe('pending');
    graph.resume();
    nextFrame();
    expect(session.marks.get('a')).toBeUndefined();
    expect(onA).toHaveBeenCalledTimes(2);
    expect(onB).not.toHaveBeenCalled();
  });

  it('sends a drag at 20 places a second at most, and the last one always', () => {
    const mover = new MoveSender(session);
    const at = (x: number): ReadonlyMap<string, Position> => new Map([['a', { x, y: 0 }]]);
    for (let x = 1; x <= 60; x += 1) {
      mover.move(at(x));
      vi.advanceTimersByTime(10);
    }
    mover.move(at(100));
    expect(shown('a')?.position.x).toBe(100);
    mover.end();
    expect(graph.received.length).toBeLessThanOrEqual(14);
    expect(graph.received.length).toBeGreaterThanOrEqual(10);
    expect(graph.state.nodes.get('a')?.entity.position).toEqual({ x: 100, y: 0 });
    nextFrame();
    expect(shown('a')?.position.x).toBe(100);
  });

  it('moves many nodes in one command', () => {
    const mover = new MoveSender(session);
    mover.move(new Map(['a', 'b', 'c'].map((id) => [id, { x: 9, y: 9 }])));
    mover.end();
    expect(graph.received).toHaveLength(1);
    expect(graph.received[0]).toMatchObject({ type: 'BATCH_UPDATE', payload: { atomic: false } });
  });

  it('keeps a node under the hand where the hand is', () => {
    const mover = new MoveSender(session);
    mover.move(new Map([['a', { x: 50, y: 0 }]]));
    graph.edit({
      type: 'UPDATE_NODE',
      payload: { id: 'a', patch: { position: { x: -5, y: 0 } } },
    });
    nextFrame();
    expect(shown('a')?.position.x).toBe(50);
    mover.end();
    nextFrame();
    expect(shown('a')?.position.x).toBe(-5);
  });

  it('sends only where a drag ends while offline', () => {
    graph.setOnline(false);
    const mover = new MoveSender(session);
    for (let x = 1; x <= 20; x += 1) {
      mover.move(new Map([['a', { x, y: 0 }]]));
      vi.advanceTimersByTime(60);
    }
    mover.end();
    expect(text()).toBe('offline (1 unsent)');
  });

  it('pastes copies with new ids and the edges between them', () => {
    const ids = paste(session, copyNodes(session, ['a', 'b']), 1);
    nextFrame();
    expect(ids).toHaveLength(2);
    expect(graph.state.nodes.size).toBe(5);
    const edges = [...graph.state.edges.values()].map(({ entity }) => entity);
    expect(edges).toContainEqual(expect.objectContaining({ source: ids[0], target: ids[1] }));
    expect(shown(ids[0] ?? '')?.position).toEqual({ x: 32, y: 32 });
  });

  it('deletes edges of deleted nodes without naming them', () => {
    deleteEntities(session, ['a'], ['ab']);
    expect(graph.received).toMatchObject([{ type: 'DELETE_NODE', payload: { id: 'a' } }]);
    expect(graph.state.edges.size).toBe(0);
  });

  it('connects two nodes once', () => {
    connectNodes(session, 'b', 'c');
    connectNodes(session, 'b', 'c');
    expect(graph.received).toHaveLength(1);
  });

  it('adds a node around the given place', () => {
    const id = addNode(session, { x: 90, y: 24 });
    expect(session.replica.node(id)?.position).toEqual({ x: 0, y: 0 });
  });

  it('finds a place that covers no other node', () => {
    const first = addNode(session, freePlace(session, { x: 0, y: 0 }));
    const second = addNode(session, freePlace(session, { x: 0, y: 0 }));
    const overlap = (one?: Position, other?: Position) =>
      one !== undefined &&
      other !== undefined &&
      Math.abs(one.x - other.x) < 180 &&
      Math.abs(one.y - other.y) < 48;
    const place = (id: string) => session.replica.node(id)?.position;
    expect(overlap(place(first), place(second))).toBe(false);
    expect(overlap(place(first), place('a'))).toBe(false);
  });

  it('packs operations below the server’s limits', () => {
    const operations = Array.from({ length: 250 }, (_, index) => ({
      type: 'DELETE_NODE' as const,
      payload: { id: `n${index}` },
    }));
    const sizes = packOperations(operations).map((command) =>
      command.type === 'BATCH_UPDATE' ? command.payload.operations.length : 1,
    );
    expect(sizes).toEqual([100, 100, 50]);
    const heavy = Array.from({ length: 3 }, (_, index) => ({
      type: 'CREATE_NODE' as const,
      payload: { id: `n${index}`, title: 'x'.repeat(15_000) },
    }));
    expect(packOperations(heavy)).toHaveLength(3);
  });
});
