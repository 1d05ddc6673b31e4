import type { Mark, Replica } from '../replica';

/** Tells each entity on screen about its own mark, without touching the arrays of the canvas. */
export class MarkStore {
  private readonly listeners = new Map<string, Set<() => void>>();

  constructor(private readonly replica: Replica) {}

  get(id: string): Mark | undefined {
    return this.replica.mark(id);
  }

  subscribe(id: string, listener: () => void): () => void {
    const own = this.listeners.get(id) ?? new Set();
    own.add(listener);
    this.listeners.set(id, own);
    return () => {
      own.delete(listener);
      if (own.size === 0) this.listeners.delete(id);
    };
  }

  notify(ids: Iterable<string>): void {
    for (const id of ids) {
      for (const listener of this.listeners.get(id) ?? []) listener();
    }
  }
}
