import type { ClientFrame, Envelope, ErrorCode, ServerFrame } from '../../protocol';
import { uuidV7 } from '../../shared/ids';
import { type GraphConnection, type GraphHandlers, rejectCode } from '../platform';
import { ReconnectingSocket, socketUrl } from './reconnecting-socket';

/** Keeps `hello` under its 4 KiB; pending ids beyond it are simply sent again. */
const HELLO_PENDING_MAX = 80;
const HEARTBEAT_MS = 10_000;
const RESEND_AFTER_MS = 500;
const STALE_RETRIES_MAX = 3;

interface Unanswered {
  envelope: Envelope;
  attempts: number;
}

/**
 * A browser's subscription to one graph over a WebSocket.
 *
 * Unanswered commands are kept in `seq` order and sent again, under the same operation ids, after
 * each reconnect, unless the server's `landed` names them. Nothing is sent before the sync that
 * answers `hello` is complete, so the server sees one ordered stream.
 */
export class WebGraphConnection implements GraphConnection {
  readonly clientId = uuidV7();
  private seq = 0;
  private ready = false;
  private readonly unanswered = new Map<string, Unanswered>();
  private readonly socket: ReconnectingSocket;
  private readonly heartbeat: ReturnType<typeof setInterval>;
  private readonly resendTimers = new Set<ReturnType<typeof setTimeout>>();

  constructor(
    private readonly graphId: string,
    private readonly token: () => string | null,
    private readonly handlers: GraphHandlers,
  ) {
    this.socket = new ReconnectingSocket({
      url: socketUrl(`/api/v2/graphs/${encodeURIComponent(graphId)}/subscribe`),
      onOpen: (send) => send(this.hello()),
      onMessage: (frame) => this.receive(frame as ServerFrame),
      onStatus: (status) => {
        if (status.state !== 'online') this.ready = false;
        handlers.onStatus(status);
      },
    });
    this.heartbeat = setInterval(() => this.post({ type: 'heartbeat' }), HEARTBEAT_MS);
  }

  send(envelope: Envelope): void {
    this.seq += 1;
    const sent = { ...envelope, graphId: this.graphId, clientId: this.clientId, seq: this.seq };
    this.unanswered.set(envelope.operationId, { envelope: sent, attempts: 0 });
    if (this.ready) this.post({ type: 'command', command: sent });
  }

  requestSync(extent: 'delta' | 'full'): void {
    const position = extent === 'delta' ? this.handlers.position() : undefined;
    this.post({ type: 'request_sync', ...position });
  }

  close(): void {
    clearInterval(this.heartbeat);
    for (const timer of this.resendTimers) clearTimeout(timer);
    this.socket.close();
  }

  private post(frame: ClientFrame): void {
    this.socket.send(frame);
  }

  private hello(): ClientFrame {
    return {
      type: 'hello',
      token: this.token() ?? '',
      clientId: this.clientId,
      graphId: this.graphId,
      ...this.handlers.position(),
      pending: [...this.unanswered.keys()].slice(0, HELLO_PENDING_MAX),
    };
  }

  private receive(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        this.socket.established();
        break;
      case 'sync':
        this.synced(frame);
        return;
      case 'command_result':
        if (frame.outcome.status === 'rejected') {
          const { operationId, outcome } = frame;
          return this.refused(frame, operationId, outcome.code);
        }
        this.unanswered.delete(frame.operationId);
        break;
      case 'revert':
        return this.refused(frame, frame.operationId, frame.code);
      case 'error': {
        if (!frame.operationId) break;
        const { operationId, message, field } = frame;
        const code = rejectCode(frame.code);
        if (frame.retryable) return this.resendLater(operationId);
        this.unanswered.delete(operationId);
        this.handlers.onFrame({ type: 'revert', operationId, code, message, field });
        return;
      }
      case 'going_away':
        this.socket.goingAway(frame.retryAfterMs);
        break;
    }
    this.handlers.onFrame(frame);
  }

  private synced(frame: Extract<ServerFrame, { type: 'sync' }>): void {
    for (const { operationId } of frame.landed) {
      this.unanswered.delete(operationId);
    }
    this.handlers.onFrame(frame);
    for (const { envelope } of this.unanswered.values()) envelope.epoch = frame.epoch;
    const complete =
      frame.mode === 'in_sync' ||
      (frame.mode === 'behind' && frame.last) ||
      (frame.mode === 'full' && frame.chunk === frame.chunks - 1);
    if (!complete || this.ready) return;
    this.ready = true;
    for (const { envelope } of this.unanswered.values()) {
      this.post({ type: 'command', command: envelope });
    }
  }

  /** A terminal refusal is passed on; one that only names an old epoch is sent again. */
  private refused(frame: ServerFrame, operationId: string, code: ErrorCode): void {
    const waiting = this.unanswered.get(operationId);
    if (code === 'stale_epoch' && waiting !== undefined && waiting.attempts < STALE_RETRIES_MAX) {
      waiting.attempts += 1;
      if (this.ready) this.requestSync('full');
      this.ready = false;
      return;
    }
    this.unanswered.delete(operationId);
    this.handlers.onFrame(frame);
  }

  private resendLater(operationId: string): void {
    const waiting = this.unanswered.get(operationId);
    if (waiting === undefined) return;
    waiting.attempts += 1;
    const delay = RESEND_AFTER_MS * Math.min(waiting.attempts, 10);
    const timer = setTimeout(() => {
      this.resendTimers.delete(timer);
      const still = this.unanswered.get(operationId);
      if (still && this.ready) this.post({ type: 'command', command: still.envelope });
    }, delay);
    this.resendTimers.add(timer);
  }
}
