import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConditionedNetwork, type Conditions, stallMs } from './conditioned-network';
import type { SocketLike } from './transport';

/** The real socket below; the test plays the server. */
class Wire implements SocketLike {
  readyState = 0;
  sent: string[] = [];
  closedWith: (number | undefined)[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  send(text: string): void {
    this.sent.push(text);
  }

  close(code?: number): void {
    this.closedWith.push(code);
  }
}

describe('a network with conditions', () => {
  let wires: Wire[];
  let events: string[];
  let random: number[];
  let network: ConditionedNetwork;

  const wire = () => {
    const last = wires.at(-1);
    if (last === undefined) throw new Error('nothing was opened');
    return last;
  };

  /** A program on the network that writes down what it sees. */
  const connect = () => {
    const socket = network.open('/path');
    const seen: string[] = [];
    socket.onopen = () => seen.push('open');
    socket.onmessage = ({ data }) => seen.push(String(data));
    socket.onclose = ({ code }) => seen.push(`closed ${code}`);
    return { socket, seen };
  };

  const connected = (conditions: Partial<Conditions> = {}) => {
    const both = connect();
    wire().onopen?.();
    network.set(conditions);
    return both;
  };

  beforeEach(() => {
    vi.useFakeTimers();
    wires = [];
    events = [];
    random = [];
    network = new ConditionedNetwork(
      {
        open: () => {
          wires.push(new Wire());
          return wire();
        },
        onReturn: () => () => undefined,
      },
      {
        sent: (text, delayMs) => events.push(`> ${text} ${delayMs}`),
        received: (text, delayMs) => events.push(`< ${text} ${delayMs}`),
        event: (what) => events.push(what),
      },
      () => random.shift() ?? 0.5,
    );
  });

  afterEach(() => vi.useRealTimers());

  it('does nothing at all unless told to', () => {
    const { socket, seen } = connected();
    socket.send('a');
    wire().onmessage?.({ data: 'b' });
    expect(wire().sent).toEqual(['a']);
    expect(seen).toEqual(['open', 'b']);
    wire().onclose?.({ code: 4501, reason: 'no' });
    expect(seen.at(-1)).toBe('closed 4501');
    expect(events).toEqual(['connecting', 'connected', '> a 0', '< b 0', 'closed']);
  });

  it('delays each frame in each direction', () => {
    const { socket, seen } = connected({ latencyMs: 300 });
    socket.send('a');
    wire().onmessage?.({ data: 'b' });
    vi.advanceTimersByTime(299);
    expect(wire().sent).toEqual([]);
    expect(seen).toEqual(['open']);
    vi.advanceTimersByTime(1);
    expect(wire().sent).toEqual(['a']);
    expect(seen).toEqual(['open', 'b']);
  });

  it('lets the handshake take a way of its own', () => {
    network.set({ latencyMs: 100 });
    const { socket, seen } = connect();
    wire().onopen?.();
    socket.send('too early');
    vi.advanceTimersByTime(99);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(['open']);
    expect(wire().sent).toEqual([]);
  });

  it('keeps the order whatever the jitter is', () => {
    const { socket } = connected({ latencyMs: 100, jitterMs: 1_000 });
    random = [0.9, 0, 0.1];
    for (const text of ['a', 'b', 'c']) socket.send(text);
    vi.advanceTimersByTime(999);
    expect(wire().sent).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(wire().sent).toEqual(['a', 'b', 'c']);
    // Whoever waits behind another is as late as that one.
    expect(events.slice(2)).toEqual(['> a 1000', '> b 1000', '> c 1000']);
  });

  it('keeps the order when the delay is taken away meanwhile', () => {
    const { socket } = connected({ latencyMs: 500 });
    socket.send('a');
    network.set({ latencyMs: 0 });
    socket.send('b');
    expect(wire().sent).toEqual([]);
    vi.advanceTimersByTime(500);
    expect(wire().sent).toEqual(['a', 'b']);
  });

  it('holds a frame and all behind it for a retransmission', () => {
    const { socket } = connected({ stallPercent: 30 });
    // Lost, then not lost again; its jitter. The second is not lost.
    random = [0.29, 0.3, 0, 0.99, 0];
    socket.send('stalled');
    socket.send('behind');
    vi.advanceTimersByTime(199);
    expect(wire().sent).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(wire().sent).toEqual(['stalled', 'behind']);
  });

  it('cuts after a number of frames, and counts anew on the next connection', () => {
    const { socket, seen } = connected({ cutEvery: 3 });
    socket.send('a');
    wire().onmessage?.({ data: 'b' });
    expect(seen).toEqual(['open', 'b']);
    socket.send('c');
    expect(seen.at(-1)).toBe('closed 1006');
    expect(wire().closedWith).toEqual([undefined]);
    const next = connected();
    next.socket.send('d');
    next.socket.send('e');
    expect(next.seen).toEqual(['open']);
  });

  it('loses what is under way when it is cut, in both directions', () => {
    const { socket, seen } = connected({ latencyMs: 200 });
    socket.send('a');
    wire().onmessage?.({ data: 'b' });
    network.cut();
    expect(seen).toEqual(['open', 'closed 1006']);
    expect(wires[0]?.closedWith).toEqual([undefined]);
    vi.advanceTimersByTime(1_000);
    expect(wires[0]?.sent).toEqual([]);
    expect(seen).toEqual(['open', 'closed 1006']);
  });

  it('has no network while offline, and says when it is back', () => {
    const returned = vi.fn();
    const stop = network.onReturn(returned);
    const { seen } = connected();
    network.set({ offline: true });
    expect(seen).toEqual(['open', 'closed 1006']);
    const attempt = connect();
    expect(wires.length).toBe(1);
    expect(attempt.seen).toEqual([]);
    vi.advanceTimersByTime(0);
    expect(attempt.seen).toEqual(['closed 1006']);
    expect(returned).not.toHaveBeenCalled();
    network.set({ offline: false });
    expect(returned).toHaveBeenCalledTimes(1);
    stop();
    network.set({ offline: true });
    network.set({ offline: false });
    expect(returned).toHaveBeenCalledTimes(1);
  });

  it('delivers what was sent before a close', () => {
    const { socket, seen } = connected({ latencyMs: 100 });
    socket.send('last words');
    socket.close(1000);
    socket.send('too late');
    vi.advanceTimersByTime(200);
    expect(wire().sent).toEqual(['last words']);
    expect(wire().closedWith).toEqual([1000]);
    expect(seen).toEqual(['open']);
  });
});

describe('a retransmission', () => {
  it.each([
    [0, [], 0],
    [0.5, [0.5], 0],
    [0.5, [0.4, 0.9], 200],
    [0.5, [0.4, 0.4, 0.9], 600],
    [1, [0, 0, 0, 0, 0], 3_000],
  ])('at probability %d with %j takes %d ms', (probability, draws, wanted) => {
    const left = [...draws];
    expect(stallMs(probability, 10, 5, () => left.shift() ?? 1)).toBe(wanted);
  });

  it('takes a round trip at least', () => {
    expect(stallMs(1, 400, 100, () => 0)).toBe(1_000 * 15);
  });
});
