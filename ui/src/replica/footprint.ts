import type { Edge, Node } from '../protocol';

/** One entity before and after a command; `undefined` where it was not there. */
export interface Trace<Entity> {
  before: Entity | undefined;
  after: Entity | undefined;
}

/**
 * What one command did, as references: entities are replaced, never changed in place, so their
 * old versions are theirs to keep.
 */
export class Footprint {
  readonly nodes = new Map<string, Trace<Node>>();
  readonly edges = new Map<string, Trace<Edge>>();

  get empty(): boolean {
    return this.nodes.size === 0 && this.edges.size === 0;
  }

  node(id: string, before: Node | undefined, after: Node | undefined): void {
    trace(this.nodes, id, before, after);
  }

  edge(id: string, before: Edge | undefined, after: Edge | undefined): void {
    trace(this.edges, id, before, after);
  }
}

function trace<Entity>(
  traces: Map<string, Trace<Entity>>,
  id: string,
  before: Entity | undefined,
  after: Entity | undefined,
): void {
  const known = traces.get(id);
  if (known !== undefined) known.after = after;
  else if (before !== undefined || after !== undefined) traces.set(id, { before, after });
}
