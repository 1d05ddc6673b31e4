/**
 * Predicts what the server will make of an undo: fields and entities that are still as the step
 * left them go back, everything else stays. The server's own effect always replaces it.
 */
import type { Edge, Node } from '../protocol';
import type { Footprint } from './footprint';
import { sameJson } from './patch';

/** The layer that the prediction is written on. */
export interface Layer {
  node: (id: string) => Node | undefined;
  edge: (id: string) => Edge | undefined;
  incidentEdges: (nodeId: string) => string[];
  setNode: (id: string, node: Node | null) => void;
  setEdge: (id: string, edge: Edge | null) => void;
}

export function turnRound(step: Footprint, on: Layer): void {
  for (const [id, { before, after }] of step.edges) {
    if (before === undefined && after && sameJson(on.edge(id), after)) on.setEdge(id, null);
  }
  for (const [id, { before, after }] of step.nodes) {
    if (before !== undefined || after === undefined) continue;
    const untouched = sameJson(on.node(id), after) && on.incidentEdges(id).length === 0;
    if (untouched) on.setNode(id, null);
  }
  for (const [id, { before, after }] of step.nodes) {
    const now = on.node(id);
    if (before === undefined) continue;
    if (after === undefined) {
      if (now === undefined) on.setNode(id, before);
    } else if (now !== undefined) {
      const next = fieldsBack(now, before, after);
      if (next !== now) on.setNode(id, next);
    }
  }
  for (const [id, { before, after }] of step.edges) {
    const now = on.edge(id);
    if (before === undefined) continue;
    if (after === undefined) {
      const ends = on.node(before.source) && on.node(before.target);
      if (now === undefined && ends) on.setEdge(id, before);
    } else if (now !== undefined) {
      const next = fieldsBack(now, before, after);
      if (next !== now) on.setEdge(id, next);
    }
  }
}

type Fields = Record<string, unknown>;

/** `now` with the fields of `before` where they are still those of `after`. */
function fieldsBack<Entity extends { data: object }>(
  now: Entity,
  before: Entity,
  after: Entity,
): Entity {
  const next = backed(now, before, after, 'data') as Entity;
  const data = backed(now.data, before.data, after.data);
  return data === now.data ? next : { ...next, data };
}

function backed(now: object, before: object, after: object, except?: string): object {
  const [present, old, left] = [now as Fields, before as Fields, after as Fields];
  let next: Fields | undefined;
  for (const key of new Set([...Object.keys(old), ...Object.keys(left)])) {
    if (key === except || sameJson(old[key], left[key])) continue;
    if (!sameJson(present[key], left[key])) continue;
    next ??= { ...present };
    if (old[key] === undefined) delete next[key];
    else next[key] = old[key];
  }
  return next ?? now;
}
