import type { ClientFrame, Envelope, ErrorCode, PartialState, ServerFrame } from '../../protocol';
import { type ConnectionStatus, rejectCode } from '../platform';
import { backoffMs } from './backoff';
import type { CommandLine } from './queue/command-line';
import { ReconnectingSocket } from './reconnecting-socket';
import type { Transport } from './transport';

/** Keeps `hello` under its 4 KiB; pending ids beyond it are simply sent again. */
const HELLO_PENDING_MAX = 70;
const HEARTBEAT_MS = 10_000;

export interface LineSocketOptions {
  graphId: string;
  line: CommandLine;
  transport?: Transport;
  token: () => string | null;
  name: () => string | undefined;
  position: () => { epoch: string; version: number } | undefined;
  partial: () => PartialState | undefined;
  onFrame: (frame: ServerFrame) => void;
  onStatus: (status: ConnectionStatus) => void;
}

/**
 * One line of commands on one socket.
 *
 * Commands go out in their order, after they were written down and after the sync that answers
 * `hello`; after each reconnect those without an answer go out again, under the same ids and
 * numbers, unless the server's `landed` names them.
 */
export class LineSocket {
  private ready = false;
  private epoch: string | undefined;
  private retries = 0;
  /** Since when there is no socket although one was there; on a clock that never jumps. */
  private lostAt: number | undefined;
  private wasOnline = false;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly socket: ReconnectingSocket;
  private readonly heartbeat: ReturnType<typeof setInterval>;

  constructor(private readonly options: LineSocketOptions) {
    const { graphId, line, onStatus, transport } = options;
    this.socket = new ReconnectingSocket({
      path: `/api/v2/graphs/${encodeURIComponent(graphId)}/subscribe`,
      transport,
      onOpen: (send) => send(this.hello()),
      onMessage: (frame) => this.receive(frame as ServerFrame),
      onStatus: (status) => {
        if (status.state === 'online') {
          this.lostAt = undefined;
          this.wasOnline = true;
        } else {
          if (this.wasOnline) this.lostAt ??= performance.now();
          this.lost();
        }
        onStatus(status);
      },
    });
    this.heartbeat = setInterval(() => this.post({ type: 'heartbeat' }), HEARTBEAT_MS);
    line.onReady = () => this.speak();
  }

  post(frame: ClientFrame): void {
    this.socket.send(frame);
  }

  /** The line's next command is there. */
  speak(): void {
    if (!this.ready || this.epoch === undefined || this.retryTimer !== undefined) return;
    for (;;) {
      const command = this.options.line.nextToSend(this.epoch);
      if (command === undefined) return;
      this.post({ type: 'command', command: this.addressed(command) });
    }
  }

  close(): void {
    clearInterval(this.heartbeat);
    clearTimeout(this.retryTimer);
    this.options.line.onReady = () => undefined;
    this.socket.close();
  }

  private addressed(command: Envelope): Envelope {
    return { ...command, graphId: this.options.graphId };
  }

  private hello(): ClientFrame {
    const { graphId, line, token, name, position, partial } = this.options;
    const shown = name();
    const piece = partial();
    return {
      type: 'hello',
      token: token() ?? '',
      clientId: line.clientId,
      graphId,
      ...position(),
      pending: line.oldest(HELLO_PENDING_MAX),
      ...(shown ? { name: shown } : {}),
      ...(piece ? { partial: piece } : {}),
      ...(this.lostAt === undefined
        ? {}
        : { awayMs: Math.max(0, Math.round(performance.now() - this.lostAt)) }),
    };
  }

  private lost(): void {
    this.ready = false;
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.options.line.takeAllBack();
  }

  private receive(frame: ServerFrame): void {
    const { line, onFrame } = this.options;
    switch (frame.type) {
      case 'welcome':
        this.socket.established();
        break;
      case 'sync':
        return this.synced(frame);
      case 'command_result':
        this.retries = 0;
        line.widen();
        if (frame.outcome.status === 'rejected') {
          const { operationId, outcome } = frame;
          return this.refused({ ...outcome, type: 'revert', operationId });
        }
        line.settle(frame.operationId);
        onFrame(frame);
        return this.speak();
      case 'revert':
        return this.refused(frame);
      case 'error': {
        if (!frame.operationId) break;
        const { operationId, message, field } = frame;
        if (frame.retryable) {
          if (frame.code === 'rate_limited' && this.retryTimer === undefined) line.narrow();
          return this.sendLater(operationId);
        }
        const code = rejectCode(frame.code);
        return this.refused({ type: 'revert', operationId, code, message, field }, 'uncounted');
      }
      case 'going_away':
        this.socket.goingAway(frame.retryAfterMs);
        break;
    }
    onFrame(frame);
  }

  private synced(frame: Extract<ServerFrame, { type: 'sync' }>): void {
    const { line, onFrame } = this.options;
    if (frame.mode === 'repair') return onFrame(frame);
    for (const { operationId } of frame.landed) line.settle(operationId);
    onFrame(frame);
    const complete =
      frame.mode === 'in_sync' ||
      (frame.mode === 'behind' && frame.last) ||
      (frame.mode === 'full' && frame.chunk === frame.chunks - 1);
    if (!complete) return;
    this.epoch = frame.epoch;
    // In another life of the graph the server knows nothing of the old count.
    if (line.arrivedIn(frame.epoch) && line.roll()) return this.socket.renew();
    this.ready = true;
    this.speak();
  }

  /** A refusal for good is passed on; one that only names an old life of the graph is not. */
  private refused(frame: Extract<ServerFrame, { type: 'revert' }>, counted?: 'uncounted'): void {
    const { line, onFrame, position } = this.options;
    const { operationId, code, message, field } = frame;
    if (code === 'stale_epoch' && line.takeBack(operationId)) {
      if (this.ready) this.post({ type: 'request_sync', ...position() });
      this.ready = false;
      return;
    }
    const hole = (counted || refusedAtTheDoor(code)) && line.uncounted(operationId);
    line.park(operationId, field ? { code, message, field } : { code, message });
    onFrame(frame);
    // The server waits for a number that will never come.
    if (hole && line.roll()) this.socket.renew();
    else this.speak();
  }

  private sendLater(operationId: string): void {
    if (!this.options.line.takeBack(operationId) || this.retryTimer !== undefined) return;
    this.retries += 1;
    this.retryTimer = setTimeout(() => {
      this.retryTimer = undefined;
      this.speak();
    }, backoffMs(this.retries));
  }
}

/** Whether a server gives this reason only before it has counted a command. */
function refusedAtTheDoor(code: ErrorCode): boolean {
  return code === 'forbidden' || code === 'expired';
}
