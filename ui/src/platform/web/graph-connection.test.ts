import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClientFrame, Envelope, ServerFrame } from '../../protocol';
import type { ConnectionStatus } from '../platform';
import { WebGraphConnection } from './graph-connection';

/** Stands in for the browser's WebSocket; the test plays the network and the server. */
class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: ClientFrame[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  static get last(): FakeSocket {
    const socket = FakeSocket.all.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  say(frame: Partial<ServerFrame> & { type: string }): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as ClientFrame);
  }

  close(code = 1006, reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  get commands(): string[] {
    return this.sent.flatMap((frame) =>
      frame.type === 'command' ? [frame.command.operationId] : [],
    );
  }
}

const welcome = { type: 'welcome' } as const;
const inSync = (...landed: string[]) => ({
  type: 'sync' as const,
  mode: 'in_sync' as const,
  epoch: 'e1',
  version: 3,
  checksum: '0'.repeat(16),
  landed: landed.map((operationId) => ({
    operationId,
    outcome: { status: 'applied' as const, version: 3 },
  })),
});

const command = (operationId: string): Envelope => ({
  operationId,
  type: 'DELETE_NODE',
  payload: { id: operationId },
  epoch: 'e1',
});

describe('the browser’s graph connection', () => {
  let statuses: ConnectionStatus[];
  let frames: ServerFrame[];
  let connection: WebGraphConnection;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', FakeSocket);
    FakeSocket.all = [];
    statuses = [];
    frames = [];
    connection = new WebGraphConnection('g 1', () => 'secret', {
      onFrame: (frame) => frames.push(frame),
      onStatus: (status) => statuses.push(status),
      position: () => ({ epoch: 'e1', version: 3 }),
    });
  });

  afterEach(() => {
    connection.close();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const connect = (...landed: string[]) => {
    const socket = FakeSocket.last;
    socket.open();
    socket.say(welcome);
    socket.say(inSync(...landed));
    return socket;
  };

  it('says hello first, with token, position and what is unanswered', () => {
    connection.send(command('a'));
    FakeSocket.last.open();
    expect(FakeSocket.last.url).toMatch(/\/api\/v2\/graphs\/g%201\/subscribe$/);
    expect(FakeSocket.last.sent).toEqual([
      {
        type: 'hello',
        token: 'secret',
        clientId: connection.clientId,
        graphId: 'g 1',
        epoch: 'e1',
        version: 3,
        pending: ['a'],
      },
    ]);
  });

  it('sends nothing before the sync is complete, then everything in order', () => {
    connection.send(command('a'));
    const socket = FakeSocket.last;
    socket.open();
    socket.say(welcome);
    connection.send(command('b'));
    expect(socket.commands).toEqual([]);
    socket.say(inSync());
    connection.send(command('c'));
    expect(socket.commands).toEqual(['a', 'b', 'c']);
    const seqs = socket.sent.flatMap((frame) =>
      frame.type === 'command' ? [frame.command.seq] : [],
    );
    expect(seqs).toEqual([1, 2, 3]);
  });

  it('sends again after a loss what has no answer and did not land', () => {
    const socket = connect();
    for (const id of ['a', 'b', 'c', 'd']) connection.send(command(id));
    socket.say({
      type: 'command_result',
      operationId: 'a',
      outcome: { status: 'applied', version: 4 },
    });
    socket.close();
    expect(statuses.at(-1)).toMatchObject({ state: 'offline', attempt: 1 });
    vi.advanceTimersByTime(300);
    const second = connect('b');
    expect(second.sent[0]).toMatchObject({ type: 'hello', pending: ['b', 'c', 'd'] });
    expect(second.commands).toEqual(['c', 'd']);
  });

  it('waits longer after each failure and forgets that once welcomed', () => {
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      FakeSocket.last.close();
      const status = statuses.at(-1);
      if (status?.state !== 'offline') throw new Error('expected to be offline');
      expect(status.attempt).toBe(attempt);
      const full = 250 * 2 ** (attempt - 1);
      expect(status.retryInMs).toBeGreaterThanOrEqual(full / 2);
      expect(status.retryInMs).toBeLessThanOrEqual(full);
      vi.advanceTimersByTime(full);
    }
    connect();
    FakeSocket.last.close();
    expect(statuses.at(-1)).toMatchObject({ attempt: 1 });
  });

  it('comes back at once when the network returns', () => {
    FakeSocket.last.close();
    window.dispatchEvent(new Event('online'));
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('takes silence for loss', () => {
    connect();
    vi.advanceTimersByTime(19_999);
    expect(statuses.at(-1)).toEqual({ state: 'online' });
    vi.advanceTimersByTime(1);
    expect(statuses.at(-1)).toMatchObject({ state: 'offline' });
  });

  it('stays away after a close code that forbids to return', () => {
    connect();
    FakeSocket.last.close(4504, 'no such graph');
    expect(statuses.at(-1)).toEqual({
      state: 'closed',
      code: 'not_found',
      message: 'no such graph',
    });
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('returns after the delay that a leaving server asks for', () => {
    connect().say({ type: 'going_away', retryAfterMs: 2_000 });
    vi.advanceTimersByTime(2_000);
    expect(FakeSocket.all).toHaveLength(1);
    vi.advanceTimersByTime(250);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('sends a command again when its refusal may pass, and gives it up when not', () => {
    const socket = connect();
    connection.send(command('a'));
    connection.send(command('b'));
    const error = { type: 'error' as const, message: 'busy', traceId: 't' };
    socket.say({ ...error, code: 'rate_limited', retryable: true, operationId: 'a' });
    expect(frames.some((frame) => frame.type === 'revert')).toBe(false);
    vi.advanceTimersByTime(500);
    expect(socket.commands).toEqual(['a', 'b', 'a']);
    socket.say({ ...error, code: 'invalid', retryable: false, operationId: 'b' });
    expect(frames.at(-1)).toMatchObject({ type: 'revert', operationId: 'b', code: 'invalid' });
  });

  it('sends again, under the new epoch, what an old epoch had refused', () => {
    const socket = connect();
    connection.send(command('a'));
    socket.say({ type: 'revert', operationId: 'a', code: 'stale_epoch', message: 'old' });
    expect(socket.sent.at(-1)).toEqual({ type: 'request_sync' });
    expect(frames.some((frame) => frame.type === 'revert')).toBe(false);
    socket.say({ ...inSync(), epoch: 'e2' });
    expect(socket.sent.at(-1)).toMatchObject({
      type: 'command',
      command: { operationId: 'a', epoch: 'e2' },
    });
  });
});
