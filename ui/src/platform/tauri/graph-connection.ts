import { Channel } from '@tauri-apps/api/core';
import type { Envelope, ErrorCode, ServerFrame } from '../../protocol';
import {
  ApiFailure,
  type ConnectionStatus,
  type GraphConnection,
  type GraphHandlers,
  type KeptCommand,
  rejectCode,
} from '../platform';
import { call, type DeploymentCalls } from './calls';

type GraphEvent =
  | { kind: 'frame'; frame: ServerFrame }
  | { kind: 'durable'; durable: boolean }
  | { kind: 'status'; status: 'connecting' | 'online' }
  | { kind: 'status'; status: 'offline'; attempt?: number; retryInMs?: number }
  | { kind: 'status'; status: 'closed'; code: ErrorCode; message: string };

interface Opened {
  sessionId: string;
  clientId: string;
  durable: boolean;
  kept: KeptCommand[];
}

/** A graph over the Rust process, which owns the socket, resuming, and the queue on disk. */
export function openGraph(
  deployment: DeploymentCalls,
  graphId: string,
  handlers: GraphHandlers,
): GraphConnection {
  const state = { clientId: '', closed: false };
  const channel = new Channel<GraphEvent>();
  const pass = (event: GraphEvent) => {
    if (state.closed) return;
    if (event.kind === 'frame') handlers.onFrame(event.frame);
    else if (event.kind === 'durable') handlers.onDurable(event.durable);
    else handlers.onStatus(statusOf(event));
  };
  // What was left from the last time is shown before anything that the server says.
  const early: GraphEvent[] = [];
  channel.onmessage = (event) => early.push(event);
  handlers.onStatus({ state: 'connecting' });
  const opened = deployment.call<Opened>('graph_open', { graphId, channel });
  opened.then(
    ({ clientId, durable, kept }) => {
      state.clientId = clientId;
      if (state.closed) return;
      if (!durable) handlers.onDurable(false);
      handlers.onRestored(kept);
      for (const event of early) pass(event);
      channel.onmessage = pass;
    },
    (cause) => {
      if (!state.closed) handlers.onStatus(closed(cause));
    },
  );

  // Calls are chained so that commands reach the Rust side in the order they were made.
  let tail: Promise<unknown> = opened;
  const enqueue = (
    command: string,
    args: Record<string, unknown>,
    onRefused: (failure: ApiFailure) => void = () => undefined,
  ) => {
    tail = tail
      .then(() => opened)
      .then(({ sessionId }) => call(command, { sessionId, ...args }))
      .catch((cause) => onRefused(ApiFailure.from(cause)));
  };
  return {
    get clientId() {
      return state.clientId;
    },
    send: (command) =>
      enqueue('graph_send', { command }, (failure) => takeBack(handlers, command, failure)),
    requestSync: (extent) =>
      typeof extent === 'object'
        ? enqueue('graph_repair', { buckets: extent.buckets })
        : enqueue('graph_request_sync', { full: extent === 'full' }),
    requestDigests: () => enqueue('graph_repair', {}),
    sendPresence: (presence) => enqueue('graph_presence', { state: presence }),
    discard: (operationId) => enqueue('graph_discard', { operationId }),
    close: () => {
      state.closed = true;
      enqueue('graph_close', {});
    },
  };
}

/** A command the Rust side would not even queue is taken back like any refused one. */
function takeBack(handlers: GraphHandlers, command: Envelope, failure: ApiFailure): void {
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

/** Why something could not be opened, as the state of its stream. */
export function closed(cause: unknown): ConnectionStatus {
  const { code, message } = ApiFailure.from(cause);
  return { state: 'closed', code, message };
}
