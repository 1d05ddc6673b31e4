/** Domain types as they travel: camelCase JSON, unknown keys only inside `data`. */

export interface Position {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Data = { [key: string]: Json };

export interface Node {
  id: string;
  kind: string;
  title: string;
  position: Position;
  size?: Size;
  parent?: string;
  progress?: number;
  data: Data;
}

export interface Edge {
  id: string;
  source: string;
  target: string;
  kind?: string;
  label?: string;
  weight?: number;
  data: Data;
}

export interface GraphMeta {
  graphId: string;
  name: string;
  ownerId: string;
  createdAt: number;
  updatedAt: number;
}

export interface Viewport {
  x: number;
  y: number;
  zoom: number;
}

/** `unset` names `size`, `parent`, `progress` or `data.<key>`. */
export interface NodePatch {
  title?: string;
  kind?: string;
  position?: Position;
  size?: Size;
  parent?: string;
  progress?: number;
  data?: Data;
  unset?: string[];
}

/** `unset` names `kind`, `label`, `weight` or `data.<key>`. */
export interface EdgePatch {
  kind?: string;
  label?: string;
  weight?: number;
  data?: Data;
  unset?: string[];
}

/** `hash`: 16 hex digits, the entity's hash after the change. */
export type Change =
  | { op: 'put_node'; node: Node; hash: string }
  | { op: 'patch_node'; id: string; patch: NodePatch; hash: string }
  | { op: 'delete_node'; id: string }
  | { op: 'put_edge'; edge: Edge; hash: string }
  | { op: 'patch_edge'; id: string; patch: EdgePatch; hash: string }
  | { op: 'delete_edge'; id: string }
  | { op: 'delete_graph' };

export type Role = 'viewer' | 'editor' | 'operator' | 'admin';
