import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClientFrame, Envelope, ServerFrame } from '../../protocol';
import { MemoryLineStore, MemoryLocks } from '../fake/memory-lines';
import type { ConnectionStatus, KeptCommand } from '../platform';
import { WebGraphConnection } from './graph-connection';
import { openLines } from './queue/lines';
import { Session } from './session';

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

/** Lets what is written be written, and what follows from it happen. */
const written = () => vi.advanceTimersByTimeAsync(0);

describe('the browser’s graph connection', () => {
  let store: MemoryLineStore;
  let locks: MemoryLocks;
  let session: Session;
  let statuses: ConnectionStatus[];
  let frames: ServerFrame[];
  let restored: KeptCommand[];
  let durable: boolean[];
  let connection: WebGraphConnection;

  /** One more tab of the same person on the same graph. */
  const openTab = async () => {
    const opened = new WebGraphConnection(
      'g 1',
      session,
      {
        onFrame: (frame) => frames.push(frame),
        onStatus: (status) => statuses.push(status),
        position: () => ({ epoch: 'e1', version: 3 }),
        partial: () => undefined,
        onRestored: (kept) => restored.push(...kept),
        onDurable: (is) => durable.push(is),
      },
      (scope, onOrphan) => openLines(scope, onOrphan, async () => store, locks),
    );
    await written();
    return opened;
  };

  beforeEach(async () => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', FakeSocket);
    sessionStorage.setItem('graphy.token', 'gk_abc_secret');
    session = new Session();
    FakeSocket.all = [];
    store = new MemoryLineStore();
    locks = new MemoryLocks();
    statuses = [];
    frames = [];
    restored = [];
    durable = [];
    connection = await openTab();
  });

  afterEach(() => {
    connection.close();
    session.close();
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

  const send = async (...ids: string[]) => {
    for (const id of ids) connection.send(command(id));
    await written();
  };

  const applied = (operationId: string, version = 4) => ({
    type: 'command_result' as const,
    operationId,
    outcome: { status: 'applied' as const, version },
  });

  const sequences = (socket: FakeSocket) =>
    socket.sent.flatMap((frame) =>
      frame.type === 'command' ? [[frame.command.clientId, frame.command.seq]] : [],
    );

  it('says hello first, with token, position and what is unanswered', async () => {
    await send('a');
    FakeSocket.last.open();
    expect(FakeSocket.last.url).toMatch(/\/api\/v2\/graphs\/g%201\/subscribe$/);
    expect(FakeSocket.last.sent).toEqual([
      {
        type: 'hello',
        token: 'gk_abc_secret',
        clientId: connection.clientId,
        graphId: 'g 1',
        epoch: 'e1',
        version: 3,
        pending: ['a'],
      },
    ]);
  });

  it('sends nothing before the sync is complete, then everything in order', async () => {
    await send('a');
    const socket = FakeSocket.last;
    socket.open();
    socket.say(welcome);
    await send('b');
    expect(socket.commands).toEqual([]);
    socket.say(inSync());
    await send('c');
    expect(socket.commands).toEqual(['a', 'b', 'c']);
    expect(sequences(socket).map(([, seq]) => seq)).toEqual([1, 2, 3]);
  });

  it('sends nothing that is not written down yet', async () => {
    const socket = connect();
    await send('first');
    let letGo: (() => void) | undefined;
    store.held = new Promise((resolve) => {
      letGo = resolve;
    });
    await send('a', 'b');
    socket.say(applied('first'));
    expect(socket.commands).toEqual(['first']);
    expect([...store.commands.keys()]).toEqual(['first']);
    letGo?.();
    await written();
    expect(socket.commands).toEqual(['first', 'a', 'b']);
    expect([...store.commands.keys()]).toEqual(['a', 'b']);
  });

  it('goes on without a store, and says that nothing is safe', async () => {
    const socket = connect();
    store.broken = true;
    await send('a');
    expect(socket.commands).toEqual(['a']);
    expect(durable).toEqual([false]);
    store.broken = false;
    await send('b');
    expect(durable).toEqual([false, true]);
    expect([...store.commands.keys()]).toEqual(['a', 'b']);
  });

  it('sends again after a loss what has no answer and did not land', async () => {
    const socket = connect();
    await send('a', 'b', 'c', 'd');
    socket.say(applied('a'));
    socket.close();
    expect(statuses.at(-1)).toMatchObject({ state: 'offline', attempt: 1 });
    await vi.advanceTimersByTimeAsync(300);
    const second = connect('b');
    expect(socket.sent[0]).not.toHaveProperty('awayMs');
    expect(second.sent[0]).toMatchObject({ type: 'hello', pending: ['b', 'c', 'd'], awayMs: 300 });
    expect(second.commands).toEqual(['c', 'd']);
  });

  it('keeps what is unsent over the end of the tab, with its name and numbers', async () => {
    connect();
    await send('a', 'b', 'c');
    FakeSocket.last.say(applied('a'));
    await written();
    const { clientId } = connection;
    // The tab dies: nothing is told to anybody.
    locks.freeAll();
    connection = await openTab();
    expect(connection.clientId).toBe(clientId);
    expect(restored.map(({ envelope }) => envelope.operationId)).toEqual(['b', 'c']);
    const socket = connect('b');
    expect(socket.sent[0]).toMatchObject({ type: 'hello', clientId, pending: ['b', 'c'] });
    await send('d');
    expect(sequences(socket)).toEqual([
      [clientId, 3],
      [clientId, 4],
    ]);
    socket.say(applied('c'));
    socket.say(applied('d'));
    await written();
    expect(store.commands.size).toBe(0);
  });

  it('gives two tabs a line each', async () => {
    connect();
    const other = await openTab();
    expect(other.clientId).not.toBe(connection.clientId);
    expect(restored).toEqual([]);
    other.close();
  });

  it('sends what another tab has left, once, in order and under its name', async () => {
    const first = connect();
    await send('a', 'b');
    expect(first.commands).toEqual(['a', 'b']);
    const gone = connection;
    connection = await openTab();
    const own = connect();
    expect(restored).toEqual([]);
    locks.free(store.lines.keys().next().value ?? '');
    await written();
    expect(restored.map(({ envelope }) => envelope.operationId)).toEqual(['a', 'b']);
    const drain = FakeSocket.last;
    expect(drain).not.toBe(own);
    drain.open();
    expect(drain.sent[0]).toMatchObject({ clientId: gone.clientId, pending: ['a', 'b'] });
    drain.say(welcome);
    drain.say(inSync('a'));
    expect(sequences(drain)).toEqual([[gone.clientId, 2]]);
    expect(frames.at(-1)).toMatchObject({ type: 'command_result', operationId: 'a' });
    drain.say({ type: 'state_update' });
    expect(frames.filter(({ type }) => type === 'state_update')).toEqual([]);
    drain.say(applied('b'));
    await written();
    expect(drain.readyState).toBe(3);
    expect(store.lines.size).toBe(1);
    expect(own.commands).toEqual([]);
    gone.close();
  });

  it('does not send one person’s commands under another’s name', async () => {
    await send('a');
    locks.freeAll();
    sessionStorage.setItem('graphy.token', 'gk_other_secret');
    const other = await openTab();
    expect(restored).toEqual([]);
    other.close();
  });

  it('keeps a refused command for a person to see, until they have', async () => {
    const socket = connect();
    await send('a', 'b');
    const revert = { type: 'revert' as const, operationId: 'a', code: 'invalid' as const };
    socket.say({ ...revert, message: 'no' });
    socket.say(applied('b'));
    await written();
    locks.freeAll();
    const later = await openTab();
    expect(restored).toMatchObject([
      { envelope: { operationId: 'a' }, parked: { code: 'invalid', message: 'no' } },
    ]);
    expect(connect().commands).toEqual([]);
    later.discard('a');
    await written();
    expect(store.commands.size).toBe(0);
    later.close();
  });

  it('counts anew in another life of the graph', async () => {
    const first = connect();
    await send('a', 'b');
    const { clientId } = connection;
    first.close();
    await vi.advanceTimersByTimeAsync(300);
    const second = FakeSocket.last;
    second.open();
    second.say(welcome);
    second.say({ ...inSync(), epoch: 'e2' });
    await written();
    expect(second.commands).toEqual([]);
    const third = FakeSocket.last;
    expect(third).not.toBe(second);
    third.open();
    expect(third.sent[0]).toMatchObject({ clientId: `${clientId}.1`, pending: ['a', 'b'] });
    third.say(welcome);
    third.say({ ...inSync(), epoch: 'e2' });
    expect(sequences(third)).toEqual([
      [`${clientId}.1`, 1],
      [`${clientId}.1`, 2],
    ]);
    const sent = third.sent.flatMap((frame) => (frame.type === 'command' ? [frame.command] : []));
    expect(sent.map(({ epoch }) => epoch)).toEqual(['e2', 'e2']);
  });

  it('counts anew when a refusal leaves a hole in the count', async () => {
    const socket = connect();
    await send('a', 'b');
    const { clientId } = connection;
    const refusal = { type: 'revert' as const, operationId: 'a', code: 'forbidden' as const };
    socket.say({ ...refusal, message: 'no' });
    await written();
    const second = connect();
    expect(sequences(second)).toEqual([[`${clientId}.1`, 1]]);
    expect(second.commands).toEqual(['b']);
  });

  it('has only so many commands on the wire', async () => {
    const socket = connect();
    await send(...Array.from({ length: 100 }, (_, index) => `c${index}`));
    expect(socket.commands).toHaveLength(64);
    socket.say(applied('c0'));
    expect(socket.commands).toHaveLength(66);
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

  it('does not wait for silence when the browser says that the network is gone', () => {
    const socket = connect();
    window.dispatchEvent(new Event('offline'));
    expect(statuses.at(-1)).toMatchObject({ state: 'offline' });
    expect(socket.readyState).toBe(3);
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

  it.each([1002, 1003, 1007, 1009])('stays away after having broken the rules: %d', (code) => {
    connect();
    FakeSocket.last.close(code, 'a message is too large');
    expect(statuses.at(-1)).toMatchObject({ state: 'closed', code: 'invalid' });
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

  it('sends a command again when its refusal may pass, and gives it up when not', async () => {
    const socket = connect();
    await send('a', 'b');
    const error = { type: 'error' as const, message: 'busy', traceId: 't' };
    socket.say({ ...error, code: 'rate_limited', retryable: true, operationId: 'a' });
    expect(frames.some((frame) => frame.type === 'revert')).toBe(false);
    await vi.advanceTimersByTimeAsync(500);
    expect(socket.commands).toEqual(['a', 'b', 'a']);
    socket.say({ ...error, code: 'invalid', retryable: false, operationId: 'b' });
    expect(frames.at(-1)).toMatchObject({ type: 'revert', operationId: 'b', code: 'invalid' });
  });

  it('hands a fresh token over without a drop', async () => {
    const socket = connect();
    sessionStorage.setItem(
      'graphy.session',
      JSON.stringify({ userId: 'ada', issuedAt: Date.now(), expiresAt: Date.now() + 300_000 }),
    );
    const answer = { token: 'gk_new_secret', userId: 'ada', role: 'editor', expiresAt: 1e15 };
    vi.stubGlobal('fetch', async () => new Response(JSON.stringify(answer)));
    const live = async (seconds: number) => {
      for (let passed = 0; passed < seconds; passed += 10) {
        socket.say({ type: 'heartbeat' });
        await vi.advanceTimersByTimeAsync(10_000);
      }
    };
    await live(180);
    expect(session.token).toBe('gk_abc_secret');
    await live(60);
    expect(session.token).toBe('gk_new_secret');
    expect(socket.sent.at(-1)).not.toMatchObject({ type: 'hello' });
    expect(socket.sent).toContainEqual({ type: 'token', token: 'gk_new_secret' });
    expect(FakeSocket.all).toHaveLength(1);
  });
});
