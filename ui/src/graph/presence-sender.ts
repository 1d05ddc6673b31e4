import type { Position, PresenceState, Viewport } from '../protocol';

/** At most 20 states a second leave this client, one a second while nobody is there to see. */
const TICK_MS = 50;
const ALONE_TICK_MS = 1_000;
const SELECTION_MAX = 200;

/**
 * Tells the others where this person points and looks and what they have chosen. Each state
 * replaces the one before; the last one is always sent.
 */
export class PresenceSender {
  private readonly state: PresenceState = {};
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastSentAt = Number.NEGATIVE_INFINITY;
  private dirty = true;
  private online = false;

  constructor(
    private readonly send: (state: PresenceState) => void,
    private readonly isAlone: () => boolean,
  ) {}

  /** `undefined`: the pointer is elsewhere. */
  point(cursor: Position | undefined): void {
    const before = this.state.cursor;
    if (before?.x === cursor?.x && before?.y === cursor?.y) return;
    this.change({ cursor });
  }

  choose(nodeIds: readonly string[]): void {
    const selection = nodeIds.slice(0, SELECTION_MAX);
    const before = this.state.selection ?? [];
    const same =
      before.length === selection.length && before.every((id, at) => id === selection[at]);
    if (!same) this.change({ selection });
  }

  look(viewport: Viewport): void {
    const before = this.state.viewport;
    const same =
      before?.x === viewport.x && before.y === viewport.y && before.zoom === viewport.zoom;
    if (!same) this.change({ viewport });
  }

  rest(idle: boolean): void {
    if ((this.state.idle ?? false) !== idle) this.change({ idle });
  }

  /** The server is there and knows nothing of this person yet. */
  connected(): void {
    this.online = true;
    this.dirty = true;
    this.lastSentAt = Number.NEGATIVE_INFINITY;
    this.plan();
  }

  disconnected(): void {
    this.online = false;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Somebody came: they should not wait for the slow tick of one who is alone. */
  seen(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.dirty) this.plan();
  }

  private change(part: Partial<PresenceState>): void {
    Object.assign(this.state, part);
    this.dirty = true;
    this.plan();
  }

  private plan(): void {
    if (!this.online || this.timer !== undefined) return;
    const tick = this.isAlone() ? ALONE_TICK_MS : TICK_MS;
    const wait = this.lastSentAt + tick - performance.now();
    if (wait <= 0) this.flush();
    else this.timer = setTimeout(this.flush, wait);
  }

  private readonly flush = () => {
    this.timer = undefined;
    if (!this.dirty || !this.online) return;
    this.dirty = false;
    this.lastSentAt = performance.now();
    this.send(present(this.state));
  };
}

/** Without what is not there, and in whole pixels: nobody sees a hundredth. */
function present({ cursor, selection, viewport, idle }: PresenceState): PresenceState {
  return {
    ...(cursor ? { cursor: { x: Math.round(cursor.x), y: Math.round(cursor.y) } } : {}),
    ...(selection && selection.length > 0 ? { selection } : {}),
    ...(viewport ? { viewport } : {}),
    ...(idle ? { idle } : {}),
  };
}
