import { Channel, invoke } from '@tauri-apps/api/core';
import type { ErrorCode, LiveFrame, ServerFrame } from '../../protocol';
import { uuidV7 } from '../../shared/ids';
import {
  ApiFailure,
  type ConnectionStatus,
  type GraphConnection,
  type GraphHandlers,
  type LiveHandlers,
  type Platform,
  rejectCode,
} from '../platform';

type GraphEvent =
  | { kind: 'frame'; frame: ServerFrame }
  | { kind: 'status'; status: 'connecting' | 'online' }
  | { kind: 'status'; status: 'offline'; attempt?: number; retryInMs?: number }
  | { kind: 'status'; status: 'closed'; code: ErrorCode; message: string };

/** The desktop window: the Rust process owns sockets, resuming and the queue of what is unsent. */
export function tauriPlatform(): Platform {
  return {
    host: 'tauri',
    capabilities: { nativeSave: true, signIn: false },
    start: async () => true,
    signIn: async () => undefined,
    signOut: () => undefined,
    rpc: (operation, payload) => call('rpc', { operation, payload }),
    openLive,
    openGraph,
    saveFile: (name, content) => call('save_file', { name, ...content }),
    openWindow: () => call('open_window', {}),
  };
}

async function call<Answer>(command: string, args: Record<string, unknown>): Promise<Answer> {
  try {
    return await invoke<Answer>(command, args);
  } catch (cause) {
    throw ApiFailure.from(cause);
  }
}

function openLive(handlers: LiveHandlers): () => void {
  const channel = new Channel<LiveFrame>();
  channel.onmessage = handlers.onFrame;
  handlers.onStatus({ state: 'connecting' });
  const opened = call<number | string>('live_open', { channel });
  opened.then(
    () => handlers.onStatus({ state: 'online' }),
    (cause) => handlers.onStatus(closed(cause)),
  );
  return () => {
    channel.onmessage = () => undefined;
    opened.then((id) => call('live_close', { id })).catch(() => undefined);
  };
}

function openGraph(graphId: string, handlers: GraphHandlers): GraphConnection {
  const clientId = uuidV7();
  const channel = new Channel<GraphEvent>();
  channel.onmessage = (event) => {
    if (event.kind === 'frame') handlers.onFrame(event.frame);
    else handlers.onStatus(statusOf(event));
  };
  handlers.onStatus({ state: 'connecting' });
  const opened = call<{ sessionId: string }>('graph_open', { graphId, clientId, channel });
  opened.catch((cause) => handlers.onStatus(closed(cause)));

  // Calls are chained so that commands reach the Rust side in the order they were made.
  let tail: Promise<unknown> = opened;
  const enqueue = (command: string, args: Record<string, unknown>) => {
    tail = tail
      .then(() => opened)
      .then(({ sessionId }) => call(command, { sessionId, ...args }))
      .catch((cause) => refuse(handlers, args, ApiFailure.from(cause)));
  };
  return {
    clientId,
    send: (command) => enqueue('graph_send', { command }),
    requestSync: (extent) => enqueue('graph_request_sync', { full: extent === 'full' }),
    close: () => {
      channel.onmessage = () => undefined;
      enqueue('graph_close', {});
    },
  };
}

/** A command the Rust side would not even queue is taken back like any refused one. */
function refuse(handlers: GraphHandlers, args: Record<string, unknown>, failure: ApiFailure): void {
  const command = args.command as { operationId: string } | undefined;
  if (command === undefined) return;
  const { code, message, field } = failure;
  const { operationId } = command;
  handlers.onFrame({ type: 'revert', operationId, code: rejectCode(code), message, field });
}

function statusOf(event: Extract<GraphEvent, { kind: 'status' }>): ConnectionStatus {
  switch (event.status) {
    case 'offline':
      return { state: 'offline', attempt: event.attempt ?? 1, retryInMs: event.retryInMs ?? 0 };
    case 'closed':
      return { state: 'closed', code: event.code, message: event.message };
    default:
      return { state: event.status };
  }
}

function closed(cause: unknown): ConnectionStatus {
  const { code, message } = ApiFailure.from(cause);
  return { state: 'closed', code, message };
}
