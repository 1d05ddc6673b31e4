import type { ConflictRecord, PartialState, SyncFrame, Viewport } from '../protocol';
import type { WholeState } from './server-state';

type FullChunk = Extract<SyncFrame, { mode: 'full' }>;

type Complete = Required<Omit<WholeState, 'settings'>> &
  Pick<WholeState, 'settings'> & { viewport: Viewport | undefined };

const nothing = (): Complete => ({
  nodes: [],
  edges: [],
  conflicts: [] as ConflictRecord[],
  settings: undefined,
  viewport: undefined,
});

/**
 * Collects the chunks of a full state, which replaces the old one only when all are here. What
 * came through before a connection was lost is kept, so that the next one can go on behind it.
 */
export class FullSyncAssembly {
  private whole = nothing();
  private next = 0;
  private first: { epoch: string; version: number; chunks: number } | undefined;

  get progress(): { chunk: number; chunks: number } | undefined {
    if (this.first === undefined) return undefined;
    return { chunk: this.next, chunks: this.first.chunks };
  }

  /** What a new connection need not send again. */
  get partial(): PartialState | undefined {
    if (this.first === undefined) return undefined;
    const { epoch, version } = this.first;
    return { epoch, version, chunks: this.next };
  }

  add(frame: FullChunk): Complete | 'incomplete' | 'broken' {
    if (frame.chunk === 0) {
      this.reset();
      const { epoch, version, chunks } = frame;
      this.first = { epoch, version, chunks };
    }
    // Leftovers of a sync that was given up are not this sync's fault.
    if (this.first === undefined) return 'incomplete';
    const { epoch, version, chunks } = this.first;
    const same = frame.epoch === epoch && frame.version === version && frame.chunks === chunks;
    if (!same || frame.chunk !== this.next) {
      this.reset();
      return 'broken';
    }
    this.next += 1;
    // Not spread into arguments: a chunk may hold more than a call can take.
    for (const node of frame.nodes) this.whole.nodes.push(node);
    for (const edge of frame.edges) this.whole.edges.push(edge);
    for (const conflict of frame.conflicts ?? []) this.whole.conflicts.push(conflict);
    this.whole.settings = frame.settings ?? this.whole.settings;
    this.whole.viewport = frame.viewport ?? this.whole.viewport;
    if (this.next < chunks) return 'incomplete';
    const complete = this.whole;
    this.reset();
    return complete;
  }

  reset(): void {
    this.whole = nothing();
    this.next = 0;
    this.first = undefined;
  }
}
