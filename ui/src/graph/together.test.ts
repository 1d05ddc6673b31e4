/** Several people on one graph: undo by gesture, presence, notices, roles, what is kept. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeptCommand } from '../platform';
import { type FakeGraph, FakePlatform } from '../platform/fake';
import type { CommandBody, PresenceState, ServerFrame } from '../protocol';
import type { Notice } from '../replica';
import { renameNode } from './edits';
import { GraphSession } from './graph-session';
import { MoveSender } from './move-sender';
import { describeNotice, describeSkipped, readOnlyReason, saveStatus } from './wording';

describe('several people on one graph', () => {
  let platform: FakePlatform;
  let graph: FakeGraph;
  let session: GraphSession;

  beforeEach(() => {
    vi.useFakeTimers();
    platform = new FakePlatform();
    graph = platform.addGraph('g');
    for (const id of ['a', 'b']) graph.edit({ type: 'CREATE_NODE', payload: { id, title: id } });
    session = new GraphSession(platform, 'g');
    nextFrame();
  });

  afterEach(() => {
    session.close();
    vi.useRealTimers();
  });

  const nextFrame = () => vi.advanceTimersByTime(20);
  const place = (id: string) => session.replica.node(id)?.position;
  const title = (id: string) => session.replica.node(id)?.title;
  const status = () => session.status.getState();
  const rename = (id: string, to: string): CommandBody => ({
    type: 'UPDATE_NODE',
    payload: { id, patch: { title: to } },
  });

  it('sends with each change what its author saw', () => {
    graph.pause();
    renameNode(session, 'a', 'one');
    renameNode(session, 'a', 'two');
    const data = { note: 'new', count: 3 };
    session.submit({ type: 'UPDATE_NODE', payload: { id: 'b', patch: { kind: 'x', data } } });
    expect(graph.received.map(({ payload }) => (payload as { base?: unknown }).base)).toEqual([
      { title: 'a' },
      { title: 'one' },
      { kind: 'default', 'data.note': null, 'data.count': null },
    ]);
    expect(graph.received.map(({ baseVersion }) => baseVersion)).toEqual([2, 2, 2]);
  });

  it('takes a drag back, and brings it back, with one press', () => {
    const mover = new MoveSender(session);
    for (let x = 1; x <= 5; x += 1) {
      mover.move(new Map([['a', { x: x * 10, y: 0 }]]));
      vi.advanceTimersByTime(60);
    }
    mover.end();
    renameNode(session, 'b', 'later');
    nextFrame();
    session.undo();
    nextFrame();
    expect(title('b')).toBe('b');
    expect(place('a')).toEqual({ x: 50, y: 0 });
    session.undo();
    expect(place('a')).toEqual({ x: 0, y: 0 });
    nextFrame();
    expect(graph.state.nodes.get('a')?.entity.position).toEqual({ x: 0, y: 0 });
    session.redo();
    nextFrame();
    expect(place('a')).toEqual({ x: 50, y: 0 });
    expect(title('b')).toBe('b');
    session.redo();
    nextFrame();
    expect(title('b')).toBe('later');
    expect(status().inSync).toBe(true);
  });

  it('knows when there is nothing to take back or bring back', () => {
    expect(status()).toMatchObject({ canUndo: true, canRedo: true });
    session.undo();
    nextFrame();
    expect(status().canUndo).toBe(false);
    renameNode(session, 'a', 'x');
    expect(status()).toMatchObject({ canUndo: true, canRedo: false });
    session.undo();
    expect(status()).toMatchObject({ canUndo: false, canRedo: true });
  });

  it('tells what an undo left, with names', () => {
    const notices: Notice[] = [];
    session.onNotice((notice) => notices.push(notice));
    renameNode(session, 'a', 'mine');
    nextFrame();
    graph.edit(rename('a', 'theirs'));
    nextFrame();
    session.undo();
    nextFrame();
    const [notice] = notices;
    if (notice?.kind !== 'skipped') throw new Error('expected to be told what was skipped');
    expect(describeSkipped(notice, (id) => `“${title(id)}”`)).toEqual({
      title: 'Not all could be undone',
      message: '1 field was left: title of “theirs” (somebody else has changed it since).',
    });
    expect(describeNotice({ kind: 'settled_before' }, String)?.title).toBe('Already settled');
  });

  it('tells the others where this person is, seldom when alone and the last place always', () => {
    const [connection] = graph.connections;
    const sent: (PresenceState | undefined)[] = [];
    const look = () => {
      if (sent.at(-1) !== connection?.presence) sent.push(connection?.presence);
    };
    for (let x = 1; x <= 20; x += 1) {
      session.presence.point({ x, y: 0.4 });
      vi.advanceTimersByTime(10);
      look();
    }
    expect(sent.length).toBeLessThanOrEqual(2);
    vi.advanceTimersByTime(1000);
    expect(connection?.presence?.cursor).toEqual({ x: 20, y: 0 });

    const other = new GraphSession(platform, 'g');
    nextFrame();
    sent.length = 0;
    for (let x = 1; x <= 40; x += 1) {
      session.presence.point({ x, y: 0 });
      vi.advanceTimersByTime(10);
      look();
    }
    expect(sent.length).toBeGreaterThan(4);
    expect(sent.length).toBeLessThanOrEqual(9);
    vi.advanceTimersByTime(60);
    const [seen] = other.peers.all;
    expect(seen?.state.cursor).toEqual({ x: 40, y: 0 });
    session.presence.point(undefined);
    vi.advanceTimersByTime(60);
    nextFrame();
    expect([...other.peers.all][0]?.state.cursor).toBeUndefined();
    other.close();
  });

  it('renders nobody anew because a cursor moved', () => {
    const other = graph.open(nobody(), 'bea');
    nextFrame();
    let rosters = 0;
    let moves = 0;
    const stop = session.peers.roster.subscribe(() => {
      rosters += 1;
    });
    const stopMoves = session.peers.onMove(() => {
      moves += 1;
    });
    expect(session.peers.roster.getState().present).toMatchObject([{ name: 'bea', idle: false }]);
    for (let x = 0; x < 10; x += 1) {
      other.sendPresence({ cursor: { x, y: 0 } });
      nextFrame();
    }
    expect({ rosters, moves }).toEqual({ rosters: 0, moves: 10 });
    other.sendPresence({ idle: true });
    nextFrame();
    expect(rosters).toBe(1);
    other.close();
    nextFrame();
    expect(session.peers.roster.getState().present).toEqual([]);
    stop();
    stopMoves();
  });

  it('shows no ghosts while the connection is lost', () => {
    graph.open(nobody(), 'bea');
    nextFrame();
    expect(session.peers.count).toBe(1);
    graph.setOnline(false);
    expect(session.peers.count).toBe(0);
    graph.setOnline(true);
    nextFrame();
    expect(session.peers.count).toBe(1);
  });

  it('follows what this person may do', () => {
    expect(session.readOnly).toBe(false);
    for (const access of ['view', 'comment'] as const) {
      graph.setAccess(access);
      nextFrame();
      expect(session.readOnly).toBe(true);
      expect(readOnlyReason('editor', access)).toBeDefined();
    }
    session.undo();
    graph.setAccess('edit');
    nextFrame();
    expect(session.readOnly).toBe(false);
    expect(readOnlyReason('editor', 'edit')).toBeUndefined();
    expect(graph.received).toEqual([]);
  });

  it('promises only what is written down', () => {
    graph.setOnline(false);
    renameNode(session, 'a', 'x');
    expect(saveStatus(status()).text).toBe('offline (1 unsent)');
    session.status.setState({ durable: false });
    expect(saveStatus(status()).text).toBe('offline (1 unsent, not kept)');
  });

  it('tries a refused change again against what is there now, and forgets it when dismissed', () => {
    graph.pause();
    session.submit({ type: 'CREATE_EDGE', payload: { id: 'e', source: 'a', target: 'c' } });
    graph.resume();
    nextFrame();
    const [item] = status().attention;
    expect(item?.code).toBe('dangling_edge');
    graph.edit({ type: 'CREATE_NODE', payload: { id: 'c' } });
    nextFrame();
    session.retry(item?.operationId ?? '');
    nextFrame();
    expect(status().attention).toEqual([]);
    expect(session.replica.edge('e')).toBeDefined();
    const [connection] = graph.connections;
    expect(connection?.discarded).toEqual([item?.operationId]);
  });

  it('goes on with what an earlier run has left', () => {
    const kept: KeptCommand[] = [
      {
        envelope: { ...rename('a', 'refused'), operationId: 'old-1' },
        parked: { code: 'forbidden', message: 'not yours' },
      },
      { envelope: { ...rename('b', 'unsent'), operationId: 'old-2' } },
    ];
    const open = platform.openGraph;
    platform.openGraph = (graphId, handlers) => {
      handlers.onRestored(kept);
      return open(graphId, handlers);
    };
    const next = new GraphSession(platform, 'g');
    nextFrame();
    expect(next.replica.node('a')?.title).toBe('a');
    expect(next.replica.node('b')?.title).toBe('unsent');
    expect(next.status.getState().attention).toMatchObject([
      { operationId: 'old-1', code: 'forbidden', final: true },
    ]);
    expect(next.status.getState().pendingCount).toBe(1);
    next.close();
  });

  it('asks ever less often a server that cannot heal it', () => {
    const [connection] = graph.connections;
    if (connection === undefined) throw new Error('nobody is connected');
    const asked = vi.spyOn(connection, 'requestDigests').mockImplementation(() => undefined);
    const whole = vi.spyOn(connection, 'requestSync').mockImplementation(() => {
      for (const frame of graph.sync(undefined, [])) {
        connection.deliver({ ...frame, checksum: 'f'.repeat(16) } as ServerFrame);
      }
    });
    const { epoch = '' } = graph.state;
    const error = { type: 'error', code: 'internal', message: 'no', retryable: true } as const;
    for (let second = 0; second < 120; second += 1) {
      graph.broadcastWrongChecksum();
      vi.advanceTimersByTime(1_000);
      connection.deliver({ ...error, traceId: 't' });
      connection.deliver({ type: 'heartbeat', epoch, version: graph.state.version });
    }
    const calls = asked.mock.calls.length + whole.mock.calls.length;
    expect(whole).toHaveBeenCalled();
    expect(calls).toBeGreaterThan(3);
    expect(calls).toBeLessThan(12);
  });
});

function nobody() {
  return {
    onFrame: () => undefined,
    onStatus: () => undefined,
    position: () => undefined,
    partial: () => undefined,
    onRestored: () => undefined,
    onDurable: () => undefined,
  };
}
