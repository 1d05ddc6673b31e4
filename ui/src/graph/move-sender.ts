import type { Position } from '../protocol';
import { uuidV7 } from '../shared/ids';
import { roundPosition } from './geometry';
import type { GraphSession } from './graph-session';

/** At most 20 positions a second leave this client. */
const TICK_MS = 50;

/**
 * Turns the canvas's stream of positions into commands: the canvas follows the hand at once, the
 * server hears at most every 50 ms, all moved nodes in one command, and the last place always.
 */
export class MoveSender {
  private readonly places = new Map<string, Position>();
  private readonly moving = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastSentAt = Number.NEGATIVE_INFINITY;
  /** One drag is one step to take back, however many commands it became. */
  private gesture = uuidV7();

  constructor(private readonly session: GraphSession) {}

  move(positions: ReadonlyMap<string, Position>): void {
    if (this.session.readOnly) return;
    for (const [id, position] of positions) {
      this.places.set(id, roundPosition(position));
      this.moving.add(id);
    }
    this.session.flow.hold(positions);
    const wait = this.lastSentAt + TICK_MS - performance.now();
    if (wait <= 0) this.flush('moving');
    else this.timer ??= setTimeout(() => this.flush('moving'), wait);
  }

  /** The hand has let go: what has not been sent goes now. */
  end(): void {
    this.flush('ended');
    this.session.flow.release(this.moving);
    this.moving.clear();
    this.gesture = uuidV7();
  }

  private flush(phase: 'moving' | 'ended'): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.places.size === 0) return;
    this.lastSentAt = performance.now();
    // While offline only the place where it ends is worth a command.
    const online = this.session.status.getState().connection.state === 'online';
    if (!online && phase === 'moving') return;
    const operations = [...this.places].flatMap(([id, position]) => {
      const node = this.session.replica.node(id);
      const same = node?.position.x === position.x && node.position.y === position.y;
      if (node === undefined || same) return [];
      return [{ type: 'UPDATE_NODE' as const, payload: { id, patch: { position } } }];
    });
    this.places.clear();
    this.session.submitAll(operations, this.gesture);
  }
}
