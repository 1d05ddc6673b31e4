import { cancelFrame, scheduleFrame } from '../../shared/frame-scheduler';

/** Painting may take this share of the time at most: one part work, four parts rest. */
const REST_FACTOR = 4;
/** A painting that takes longer than this many milliseconds costs frames. */
const DEAR_MS = 8;

/**
 * Repaints a canvas as often as its cost allows: each frame while it is cheap, less often when a
 * large graph makes it dear. The last change is always painted.
 */
export class PacedPainter {
  private restUntil = 0;
  private costMs = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly paint: () => void) {}

  /** The last painting took so long that it should not be done in every frame. */
  get dear(): boolean {
    return this.costMs > DEAR_MS;
  }

  /** Paints in this very frame: for movements that elements make at the same time. */
  readonly now = () => {
    this.clear();
    const startedAt = performance.now();
    this.paint();
    const endedAt = performance.now();
    this.costMs = endedAt - startedAt;
    this.restUntil = endedAt + REST_FACTOR * this.costMs;
  };

  /** Paints soon. */
  readonly soon = () => {
    if (this.timer !== undefined) return;
    const wait = this.restUntil - performance.now();
    if (wait <= 4) scheduleFrame(this.now);
    else this.timer = setTimeout(() => scheduleFrame(this.now), wait);
  };

  stop(): void {
    this.clear();
  }

  private clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    cancelFrame(this.now);
  }
}
