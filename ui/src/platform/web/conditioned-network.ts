/**
 * A way to a real server that behaves as badly as it is told to: frames are late, streams stall,
 * connections are cut, or there is no network at all. Nothing is made up: every frame that comes
 * through was sent by the other side, in its order.
 */
import { ConditionedSocket } from './conditioned-socket';
import type { SocketLike, Transport } from './transport';

export interface Conditions {
  /** How long each frame is under way, in each direction. */
  latencyMs: number;
  /** What comes on top of it, evenly from nothing to this. */
  jitterMs: number;
  /**
   * How many of 100 frames meet a lost packet. TCP loses nothing: the frame comes a retransmission
   * later, and everything behind it waits.
   */
  stallPercent: number;
  /** The connection breaks after so many frames; 0 for never. */
  cutEvery: number;
  offline: boolean;
}

export const PERFECT: Conditions = {
  latencyMs: 0,
  jitterMs: 0,
  stallPercent: 0,
  cutEvery: 0,
  offline: false,
};

/** What passes by, as the program above the network sees it. */
export interface NetworkWatcher {
  sent: (text: string, delayMs: number) => void;
  received: (text: string, delayMs: number) => void;
  event: (
    what: 'connecting' | 'connected' | 'closed' | 'cut' | 'no network',
    detail?: string,
  ) => void;
}

export class ConditionedNetwork implements Transport {
  private now: Conditions = PERFECT;
  private frames = 0;
  private readonly sockets = new Set<ConditionedSocket>();
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly real: Transport,
    private readonly watcher: NetworkWatcher,
    private readonly random: () => number = Math.random,
  ) {}

  get conditions(): Conditions {
    return this.now;
  }

  /** Frames under way keep the delay that they set out with. */
  set(part: Partial<Conditions>): void {
    const before = this.now;
    this.now = { ...before, ...part };
    if (this.now.offline && !before.offline) this.cutAll('no network');
    if (!this.now.offline && before.offline) for (const listener of [...this.listeners]) listener();
  }

  /** Breaks every connection once; the program above comes back by itself. */
  cut(): void {
    this.cutAll('cut');
  }

  readonly open = (path: string): SocketLike => {
    const { watcher } = this;
    watcher.event('connecting');
    if (this.now.offline) return new DeadSocket(watcher);
    const socket: ConditionedSocket = new ConditionedSocket(this.real.open(path), {
      delayMs: () => this.delayMs(),
      passed: () => this.passed(),
      ended: () => this.sockets.delete(socket),
      watcher,
    });
    this.sockets.add(socket);
    return socket;
  };

  readonly onReturn = (listener: () => void): (() => void) => {
    const stop = this.real.onReturn(listener);
    this.listeners.add(listener);
    return () => {
      stop();
      this.listeners.delete(listener);
    };
  };

  private delayMs(): number {
    const { latencyMs, jitterMs, stallPercent } = this.now;
    const stall = stallMs(stallPercent / 100, latencyMs, jitterMs, this.random);
    return latencyMs + jitterMs * this.random() + stall;
  }

  private passed(): void {
    this.frames += 1;
    const { cutEvery } = this.now;
    if (cutEvery > 0 && this.frames >= cutEvery) this.cutAll('cut');
  }

  private cutAll(why: 'cut' | 'no network'): void {
    this.frames = 0;
    for (const socket of [...this.sockets]) {
      this.watcher.event(why, `${socket.waiting} frames under way are gone`);
      socket.cut();
    }
  }
}

/** The smallest time after which Linux sends a segment again. */
const RETRANSMISSION_MS_MIN = 200;
const LOST_IN_A_ROW_MAX = 4;

/** How much later a frame comes whose packet is lost, also again; TCP doubles the wait each time. */
export function stallMs(
  probability: number,
  latencyMs: number,
  jitterMs: number,
  random: () => number,
): number {
  let wait = Math.max(RETRANSMISSION_MS_MIN, 2 * (latencyMs + jitterMs));
  let total = 0;
  for (let lost = 0; lost < LOST_IN_A_ROW_MAX; lost += 1) {
    if (probability <= 0 || random() >= probability) break;
    total += wait;
    wait *= 2;
  }
  return total;
}

/** What a connection is without a network: it fails. */
class DeadSocket implements SocketLike {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  private readonly timer: ReturnType<typeof setTimeout>;

  constructor(watcher: NetworkWatcher) {
    this.timer = setTimeout(() => {
      this.readyState = 3;
      watcher.event('no network');
      this.onclose?.({ code: 1006, reason: '' });
    });
  }

  send(): void {}

  close(): void {
    clearTimeout(this.timer);
    this.readyState = 3;
  }
}
