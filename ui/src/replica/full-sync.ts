import type { HashedEdge, HashedNode, SyncFrame, Viewport } from '../protocol';

type FullChunk = Extract<SyncFrame, { mode: 'full' }>;

interface Complete {
  nodes: HashedNode[];
  edges: HashedEdge[];
  viewport: Viewport | undefined;
}

/** Collects the chunks of a full sync; the state is replaced only when all are here. */
export class FullSyncAssembly {
  private nodes: HashedNode[] = [];
  private edges: HashedEdge[] = [];
  private viewport: Viewport | undefined;
  private next = 0;
  private chunks = 0;
  private source = '';

  get progress(): { chunk: number; chunks: number } | undefined {
    return this.next === 0 ? undefined : { chunk: this.next, chunks: this.chunks };
  }

  add(frame: FullChunk): Complete | 'incomplete' | 'broken' {
    const source = `${frame.epoch}/${frame.version}/${frame.chunks}`;
    if (frame.chunk === 0) {
      this.reset();
      this.source = source;
      this.chunks = frame.chunks;
    }
    if (frame.chunk !== this.next || source !== this.source) {
      // Leftovers of a sync that was given up are not this sync's fault.
      return this.next === 0 ? 'incomplete' : this.fail();
    }
    this.next += 1;
    this.nodes.push(...frame.nodes);
    this.edges.push(...frame.edges);
    this.viewport = frame.viewport ?? this.viewport;
    if (this.next < frame.chunks) return 'incomplete';
    const complete = { nodes: this.nodes, edges: this.edges, viewport: this.viewport };
    this.reset();
    return complete;
  }

  reset(): void {
    this.nodes = [];
    this.edges = [];
    this.viewport = undefined;
    this.next = 0;
    this.chunks = 0;
    this.source = '';
  }

  private fail(): 'broken' {
    this.reset();
    return 'broken';
  }
}
