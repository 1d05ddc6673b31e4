import type { ErrorCode } from '../../protocol';
import type { ConnectionStatus } from '../platform';
import { backoffMs } from './backoff';
import { OPEN, ownServer, type SocketLike, type Transport } from './transport';

const SILENCE_MS = 20_000;
/** What RFC 6455 has for a client that broke its rules: it would break them again. */
const BROKEN_CODES: readonly number[] = [1002, 1003, 1007, 1009];

export interface SocketOptions {
  path: string;
  /** The server that the page came from, unless said otherwise. */
  transport?: Transport;
  /** Called on each open socket; must send the first frame. */
  onOpen: (send: (frame: unknown) => void) => void;
  onMessage: (frame: unknown) => void;
  onStatus: (status: ConnectionStatus) => void;
}

/**
 * A WebSocket that comes back: back-off with jitter, and at once when the network or the page
 * returns. Silence for 20 s counts as loss. Close codes 4500–4999 end it for good, and so do those
 * for a broken frame.
 *
 * The owner reports `established()` when the peer has answered; only that resets the back-off.
 */
export class ReconnectingSocket {
  private socket: SocketLike | undefined;
  private readonly transport: Transport;
  private readonly stopListening: (() => void)[];
  private attempt = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private serverDelayMs: number | undefined;
  private ended = false;

  constructor(private readonly options: SocketOptions) {
    this.transport = options.transport ?? ownServer;
    const stopReturn = this.transport.onReturn(() => {
      if (this.retryTimer !== undefined) this.connect();
    });
    // Who knows that the network is gone need not wait for silence to prove it.
    const stopLoss = this.transport.onLoss?.(() => this.drop());
    this.stopListening = stopLoss ? [stopReturn, stopLoss] : [stopReturn];
    this.connect();
  }

  get open(): boolean {
    return this.socket?.readyState === OPEN;
  }

  send(frame: unknown): void {
    if (this.open) this.socket?.send(JSON.stringify(frame));
  }

  established(): void {
    this.attempt = 0;
    this.options.onStatus({ state: 'online' });
  }

  /** The server is leaving; come back after its delay rather than ours. */
  goingAway(retryAfterMs: number): void {
    this.serverDelayMs = retryAfterMs;
    this.drop();
  }

  /** Begins anew at once, as after a loss; what was said on the old socket is over. */
  renew(): void {
    const { socket } = this;
    this.socket = undefined;
    clearTimeout(this.silenceTimer);
    this.connect();
    socket?.close(1000);
  }

  close(): void {
    this.end();
    this.socket?.close(1000);
    this.socket = undefined;
  }

  private connect(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.options.onStatus({ state: 'connecting' });
    const socket = this.transport.open(this.options.path);
    this.socket = socket;
    socket.onopen = () => {
      if (socket !== this.socket) return;
      this.heard();
      this.options.onOpen((frame) => socket.send(JSON.stringify(frame)));
    };
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.heard();
      const frame = parseFrame(event.data);
      if (frame !== undefined) this.options.onMessage(frame);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.lost(event.code, event.reason);
    };
  }

  private heard(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.drop(), SILENCE_MS);
  }

  /** Gives the socket up without waiting for a closing handshake that may never come. */
  private drop(): void {
    const socket = this.socket;
    if (socket === undefined) return;
    this.lost(1006, '');
    socket.close();
  }

  private lost(code: number, reason: string): void {
    this.socket = undefined;
    clearTimeout(this.silenceTimer);
    if (this.ended) return;
    const terminal = terminalCode(code);
    if (terminal !== undefined) {
      this.end();
      this.options.onStatus({
        state: 'closed',
        code: terminal,
        message: reason || `the server closed the connection (${code})`,
      });
      return;
    }
    this.attempt += 1;
    const retryInMs = (this.serverDelayMs ?? 0) + backoffMs(this.attempt);
    this.serverDelayMs = undefined;
    this.options.onStatus({ state: 'offline', attempt: this.attempt, retryInMs });
    this.retryTimer = setTimeout(() => this.connect(), retryInMs);
  }

  private end(): void {
    this.ended = true;
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    for (const stop of this.stopListening) stop();
  }
}

function terminalCode(code: number): ErrorCode | undefined {
  if (BROKEN_CODES.includes(code)) return 'invalid';
  if (code < 4500 || code > 4999) return undefined;
  switch (code) {
    case 4501:
      return 'unauthorized';
    case 4503:
      return 'forbidden';
    case 4504:
      return 'not_found';
    default:
      return 'invalid';
  }
}

function parseFrame(data: unknown): unknown {
  if (typeof data !== 'string') return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
