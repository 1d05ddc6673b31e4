import { clearMocks, mockIPC } from '@tauri-apps/api/mocks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ServerFrame } from '../../protocol';
import type { GraphHandlers, KeptCommand } from '../platform';
import { tauriPlatform } from './index';

type Args = Record<string, unknown>;

/** Answers as the Rust side does, and notes what it was asked. */
function answering(answers: Record<string, (args: Args) => unknown>): [string, Args][] {
  const calls: [string, Args][] = [];
  mockIPC((command, args) => {
    calls.push([command, args as Args]);
    if (command === 'deployment') return { generation: 7 };
    return answers[command]?.(args as Args) ?? null;
  });
  return calls;
}

function handlers(change: Partial<GraphHandlers> = {}): GraphHandlers {
  return {
    onFrame: () => undefined,
    onStatus: () => undefined,
    onRestored: () => undefined,
    onDurable: () => undefined,
    position: () => undefined,
    partial: () => undefined,
    ...change,
  };
}

const opened = { sessionId: 's1', clientId: 'c1', durable: true, kept: [] };
const remove = { type: 'DELETE_NODE' as const, payload: { id: 'a' } };

describe('the desktop platform', () => {
  afterEach(() => clearMocks());

  it('throws what the Rust side refuses as a failure with its code', async () => {
    answering({
      rpc: () => {
        throw { code: 'forbidden', message: 'not you', retryable: false, traceId: 't' };
      },
    });
    await expect(tauriPlatform().rpc('system.info', {})).rejects.toMatchObject({
      name: 'ApiFailure',
      code: 'forbidden',
    });
  });

  it('says with each call which deployment the page was loaded for, and asks once', async () => {
    const calls = answering({ rpc: () => ({}) });
    const platform = tauriPlatform();
    await Promise.all([platform.rpc('system.info', {}), platform.rpc('graphs.list', {})]);
    expect(calls.map(([name]) => name)).toEqual(['deployment', 'rpc', 'rpc']);
    expect(calls[2]?.[1]).toMatchObject({ generation: 7, operation: 'graphs.list' });
  });

  it('asks the Rust side for one more window, and passes its refusal on', async () => {
    let count = 0;
    const calls = answering({
      open_window: () => {
        count += 1;
        if (count > 1) throw { code: 'unavailable', message: 'no more windows' };
      },
    });
    const { openWindow } = tauriPlatform();
    await openWindow?.();
    expect(calls.map(([name]) => name)).toEqual(['open_window']);
    await expect(openWindow?.()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('hands commands over in order, after the session is open', async () => {
    const calls = answering({ graph_open: () => opened });
    const connection = tauriPlatform().openGraph('g', handlers());
    connection.send({ ...remove, operationId: '1' });
    connection.send({ ...remove, operationId: '2' });
    connection.requestSync('full');
    connection.requestSync({ buckets: [3] });
    connection.requestDigests();
    connection.discard('9');
    connection.close();
    await vi.waitFor(() => expect(calls).toHaveLength(9));
    expect(calls.map(([name]) => name)).toEqual([
      'deployment',
      'graph_open',
      'graph_send',
      'graph_send',
      'graph_request_sync',
      'graph_repair',
      'graph_repair',
      'graph_discard',
      'graph_close',
    ]);
    expect(calls[1]?.[1]).toMatchObject({ graphId: 'g', generation: 7 });
    expect(calls[2]?.[1]).toMatchObject({ sessionId: 's1', command: { operationId: '1' } });
    expect(calls[4]?.[1]).toMatchObject({ full: true });
    expect(calls[5]?.[1]).toMatchObject({ buckets: [3] });
    expect(calls[6]?.[1]).not.toHaveProperty('buckets');
    expect(connection.clientId).toBe('c1');
  });

  it('tells what was left from the last time before any frame', async () => {
    const told: unknown[] = [];
    const kept: KeptCommand[] = [
      { envelope: { ...remove, operationId: '1' }, parked: { code: 'invalid', message: 'no' } },
      { envelope: { ...remove, operationId: '2' } },
    ];
    answering({
      graph_open: (args) => {
        const channel = args.channel as { onmessage: (event: unknown) => void };
        // The Rust side has begun to speak before the page knows that the session is open.
        channel.onmessage({ kind: 'frame', frame: { type: 'heartbeat' } });
        return { ...opened, durable: false, kept };
      },
    });
    tauriPlatform().openGraph(
      'g',
      handlers({
        onRestored: (left) => told.push(left),
        onDurable: (durable) => told.push(durable),
        onFrame: (frame) => told.push(frame.type),
      }),
    );
    await vi.waitFor(() => expect(told).toHaveLength(3));
    expect(told).toEqual([false, kept, 'heartbeat']);
  });

  it('takes back a command that the Rust side does not accept', async () => {
    answering({
      graph_open: () => opened,
      graph_send: () => {
        throw { code: 'too_large', message: 'too long', retryable: false, traceId: 't' };
      },
    });
    const frames: ServerFrame[] = [];
    const connection = tauriPlatform().openGraph(
      'g',
      handlers({ onFrame: (frame) => frames.push(frame) }),
    );
    connection.send({ ...remove, operationId: '1' });
    await vi.waitFor(() => expect(frames).toHaveLength(1));
    expect(frames[0]).toMatchObject({ type: 'revert', operationId: '1', code: 'too_large' });
  });
});
