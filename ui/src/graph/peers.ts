/** Who else is in the graph, where they look and what they hold. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Peer, PresenceFrame } from '../protocol';

/** What changes seldom about somebody: enough for an avatar. */
export interface Present {
  sessionId: string;
  userId: string;
  name: string;
  color: number;
  away: boolean;
  idle: boolean;
}

/**
 * Two speeds: the roster is a store for components; cursors, selections and views change many
 * times a second and are told to `onMove` listeners only, so that nothing is rendered for them.
 */
export class Peers {
  readonly roster: StoreApi<{ present: Present[] }> = createStore(() => ({ present: [] }));
  private readonly bySession = new Map<string, Peer>();
  private readonly listeners = new Set<() => void>();
  private own: string | undefined;

  get all(): Iterable<Peer> {
    return this.bySession.values();
  }

  get count(): number {
    return this.bySession.size;
  }

  get(sessionId: string): Peer | undefined {
    return this.bySession.get(sessionId);
  }

  onMove(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Which session is this window's: frames are the same for all, so they name it, too. */
  welcomed(sessionId: string): void {
    this.own = sessionId;
    this.bySession.delete(sessionId);
  }

  receive(frame: PresenceFrame): void {
    if (frame.full) this.bySession.clear();
    for (const peer of frame.peers) {
      if (peer.sessionId !== this.own) this.bySession.set(peer.sessionId, peer);
    }
    for (const sessionId of frame.left ?? []) this.bySession.delete(sessionId);
    this.publish();
  }

  /** Nobody is seen without a connection: a cursor that stands still would be a lie. */
  clear(): void {
    if (this.bySession.size === 0) return;
    this.bySession.clear();
    this.publish();
  }

  private publish(): void {
    const before = this.roster.getState().present;
    const now = [...this.bySession.values()]
      .sort((a, b) => a.joinedAt - b.joinedAt || (a.sessionId < b.sessionId ? -1 : 1))
      .map(presentOf);
    const same = now.length === before.length && now.every((one, at) => sameShape(one, before[at]));
    if (!same) this.roster.setState({ present: now });
    for (const listener of this.listeners) listener();
  }
}

function presentOf({ sessionId, userId, name, color, away, state }: Peer): Present {
  return { sessionId, userId, name, color, away: away ?? false, idle: state.idle ?? false };
}

function sameShape(one: Present, other: Present | undefined): boolean {
  if (other === undefined) return false;
  return (Object.keys(one) as (keyof Present)[]).every((key) => one[key] === other[key]);
}
