import type { Edge, EdgePatch, Node, NodePatch } from '../protocol';

type Data = Node['data'];

/** Returns the node after `patch`; the given node is never changed. */
export function patchNode(node: Node, patch: NodePatch): Node {
  const next: Node = { ...node };
  if (patch.title !== undefined) next.title = patch.title;
  if (patch.kind !== undefined) next.kind = patch.kind;
  if (patch.position !== undefined) next.position = patch.position;
  if (patch.size !== undefined) next.size = patch.size;
  if (patch.parent !== undefined) next.parent = patch.parent;
  if (patch.progress !== undefined) next.progress = patch.progress;
  next.data = patchData(node.data, patch.data, patch.unset);
  for (const field of patch.unset ?? []) {
    if (field === 'size') delete next.size;
    else if (field === 'parent') delete next.parent;
    else if (field === 'progress') delete next.progress;
  }
  return next;
}

/** Returns the edge after `patch`; the given edge is never changed. */
export function patchEdge(edge: Edge, patch: EdgePatch): Edge {
  const next: Edge = { ...edge };
  if (patch.kind !== undefined) next.kind = patch.kind;
  if (patch.label !== undefined) next.label = patch.label;
  if (patch.weight !== undefined) next.weight = patch.weight;
  next.data = patchData(edge.data, patch.data, patch.unset);
  for (const field of patch.unset ?? []) {
    if (field === 'kind') delete next.kind;
    else if (field === 'label') delete next.label;
    else if (field === 'weight') delete next.weight;
  }
  return next;
}

const DATA_PREFIX = 'data.';

function patchData(data: Data, changes: Data | undefined, unset: string[] | undefined): Data {
  const removed = (unset ?? []).filter((field) => field.startsWith(DATA_PREFIX));
  if (changes === undefined && removed.length === 0) return data;
  const next: Data = { ...data, ...changes };
  for (const field of removed) delete next[field.slice(DATA_PREFIX.length)];
  return next;
}

/** Deep equality of JSON values; an absent key equals an `undefined` one. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((value, index) => sameJson(value, right[index]));
  }
  const a = left as Record<string, unknown>;
  const b = right as Record<string, unknown>;
  for (const key in a) if (!sameJson(a[key], b[key])) return false;
  for (const key in b) if (b[key] !== undefined && a[key] === undefined) return false;
  return true;
}
