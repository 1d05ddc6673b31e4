import type { NetworkWatcher } from './conditioned-network';
import { OPEN, type SocketLike } from './transport';

const CLOSED = 3;

export interface SocketConditions {
  /** How long the next frame is under way. */
  delayMs: () => number;
  /** A frame came through, in whichever direction. */
  passed: () => void;
  ended: () => void;
  watcher: NetworkWatcher;
}

/** One connection of a `ConditionedNetwork`: a real socket with a slow line in each direction. */
export class ConditionedSocket implements SocketLike {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  private readonly outward: DelayLine;
  private readonly inward: DelayLine;

  constructor(
    private readonly inner: SocketLike,
    private readonly conditions: SocketConditions,
  ) {
    this.outward = new DelayLine(conditions.delayMs);
    this.inward = new DelayLine(conditions.delayMs);
    inner.onopen = () => this.inward.push(() => this.opened());
    inner.onmessage = ({ data }) => {
      this.inward.push((delayMs) => this.received(data, delayMs));
    };
    inner.onclose = ({ code, reason }) => {
      this.outward.clear();
      this.inward.push(() => this.closed(code, reason));
    };
  }

  /** How many frames are under way. */
  get waiting(): number {
    return this.outward.length + this.inward.length;
  }

  send(text: string): void {
    if (this.readyState !== OPEN) return;
    const delayMs = this.outward.push(() => {
      this.inner.send(text);
      this.conditions.passed();
    });
    this.conditions.watcher.sent(text, delayMs);
  }

  /** What was sent before still gets there first. */
  close(code?: number): void {
    if (this.readyState === CLOSED) return;
    this.letGo();
    this.outward.push(() => this.inner.close(code));
  }

  /** Breaks at once; what was under way in either direction is gone. */
  cut(): void {
    if (this.readyState === CLOSED) return;
    this.letGo();
    this.outward.clear();
    this.inner.close();
    this.onclose?.({ code: 1006, reason: '' });
  }

  private letGo(): void {
    this.readyState = CLOSED;
    this.conditions.ended();
    this.inward.clear();
    this.inner.onmessage = null;
    this.inner.onclose = null;
    this.inner.onopen = null;
  }

  private opened(): void {
    this.readyState = OPEN;
    this.conditions.watcher.event('connected');
    this.onopen?.();
  }

  private received(data: unknown, delayMs: number): void {
    if (typeof data === 'string') this.conditions.watcher.received(data, delayMs);
    this.onmessage?.({ data });
    this.conditions.passed();
  }

  private closed(code: number, reason: string): void {
    this.readyState = CLOSED;
    this.conditions.ended();
    this.conditions.watcher.event('closed', reason ? `${code} ${reason}` : String(code));
    this.onclose?.({ code, reason });
  }
}

interface Item {
  dueAt: number;
  setOutAt: number;
  arrive: (delayMs: number) => void;
}

/** Things under way: each takes its time, and none overtakes another. */
class DelayLine {
  private readonly items: Item[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastDueAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly delayMs: () => number) {}

  get length(): number {
    return this.items.length;
  }

  /** Returns how long it will be under way. */
  push(arrive: Item['arrive']): number {
    const setOutAt = performance.now();
    const dueAt = Math.max(this.lastDueAt, setOutAt + this.delayMs());
    this.lastDueAt = dueAt;
    if (dueAt <= setOutAt && this.items.length === 0) arrive(0);
    else {
      this.items.push({ dueAt, setOutAt, arrive });
      this.plan();
    }
    return Math.max(0, dueAt - setOutAt);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.items.length = 0;
    this.lastDueAt = Number.NEGATIVE_INFINITY;
  }

  private plan(): void {
    const [first] = this.items;
    if (first === undefined || this.timer !== undefined) return;
    const wait = Math.max(0, first.dueAt - performance.now());
    this.timer = setTimeout(() => this.arriveDue(), wait);
  }

  private arriveDue(): void {
    this.timer = undefined;
    // Timers may come a little early; half a millisecond is no reason for one more.
    while (this.items[0] !== undefined && this.items[0].dueAt <= performance.now() + 0.5) {
      const item = this.items.shift() as Item;
      item.arrive(Math.max(0, item.dueAt - item.setOutAt));
    }
    this.plan();
  }
}
