import { clearMocks, mockIPC } from '@tauri-apps/api/mocks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ServerFrame } from '../../protocol';
import { tauriPlatform } from './index';

describe('the desktop platform', () => {
  afterEach(() => clearMocks());

  it('throws what the Rust side refuses as a failure with its code', async () => {
    mockIPC(() => {
      throw { code: 'forbidden', message: 'not you', retryable: false, traceId: 't' };
    });
    await expect(tauriPlatform().rpc('system.info', {})).rejects.toMatchObject({
      name: 'ApiFailure',
      code: 'forbidden',
    });
  });

  it('asks the Rust side for one more window, and passes its refusal on', async () => {
    const calls: string[] = [];
    mockIPC((command) => {
      calls.push(command);
      if (calls.length > 1) throw { code: 'unavailable', message: 'no more windows' };
    });
    const { openWindow } = tauriPlatform();
    await openWindow?.();
    expect(calls).toEqual(['open_window']);
    await expect(openWindow?.()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('hands commands over in order, after the session is open', async () => {
    const calls: [string, unknown][] = [];
    mockIPC((command, args) => {
      calls.push([command, args]);
      return command === 'graph_open' ? { sessionId: 's1' } : null;
    });
    const connection = tauriPlatform().openGraph('g', {
      onFrame: () => undefined,
      onStatus: () => undefined,
      position: () => undefined,
    });
    const command = { type: 'DELETE_NODE' as const, payload: { id: 'a' } };
    connection.send({ ...command, operationId: '1' });
    connection.send({ ...command, operationId: '2' });
    connection.requestSync('full');
    connection.close();
    await vi.waitFor(() => expect(calls).toHaveLength(5));
    expect(calls.map(([name]) => name)).toEqual([
      'graph_open',
      'graph_send',
      'graph_send',
      'graph_request_sync',
      'graph_close',
    ]);
    expect(calls[0]?.[1]).toMatchObject({ graphId: 'g', clientId: connection.clientId });
    expect(calls[1]?.[1]).toMatchObject({ sessionId: 's1', command: { operationId: '1' } });
    expect(calls[3]?.[1]).toMatchObject({ sessionId: 's1', full: true });
  });

  it('takes back a command that the Rust side does not accept', async () => {
    mockIPC((command) => {
      if (command === 'graph_open') return { sessionId: 's1' };
      throw { code: 'too_large', message: 'too long', retryable: false, traceId: 't' };
    });
    const frames: ServerFrame[] = [];
    const connection = tauriPlatform().openGraph('g', {
      onFrame: (frame) => frames.push(frame),
      onStatus: () => undefined,
      position: () => undefined,
    });
    connection.send({ operationId: '1', type: 'DELETE_NODE', payload: { id: 'a' } });
    await vi.waitFor(() => expect(frames).toHaveLength(1));
    expect(frames[0]).toMatchObject({ type: 'revert', operationId: '1', code: 'too_large' });
  });
});
