import type { Edge } from '../generated/Edge';
import type { EdgeRef } from '../generated/EdgeRef';
import type { Node } from '../generated/Node';
import type { NodeRef } from '../generated/NodeRef';
import type { ResolveConflict } from '../generated/ResolveConflict';
import type { RestoreVersion } from '../generated/RestoreVersion';
import type { UndoTarget } from '../generated/UndoTarget';
import type { UpdateEdge } from '../generated/UpdateEdge';
import type { UpdateGraph } from '../generated/UpdateGraph';
import type { UpdateNode } from '../generated/UpdateNode';
import type { UpdatePermissions } from '../generated/UpdatePermissions';
import type { Viewport } from '../generated/Viewport';

/** One change that can stand alone or inside a `BATCH_UPDATE`. The server fills in what a new
 * entity lacks. */
export type SimpleCommand =
  | { type: 'CREATE_NODE'; payload: Partial<Node> & Pick<Node, 'id'> }
  | { type: 'UPDATE_NODE'; payload: UpdateNode }
  | { type: 'DELETE_NODE'; payload: NodeRef }
  | { type: 'CREATE_EDGE'; payload: Partial<Edge> & Pick<Edge, 'id' | 'source' | 'target'> }
  | { type: 'UPDATE_EDGE'; payload: UpdateEdge }
  | { type: 'DELETE_EDGE'; payload: EdgeRef };

export type CommandBody =
  | SimpleCommand
  | { type: 'BATCH_UPDATE'; payload: { operations: SimpleCommand[]; atomic: boolean } }
  | { type: 'UPDATE_VIEWPORT'; payload: Viewport }
  | { type: 'DELETE_GRAPH'; payload: Record<string, never> }
  | { type: 'RESOLVE_CONFLICT'; payload: ResolveConflict }
  | { type: 'UNDO'; payload: UndoTarget }
  | { type: 'REDO'; payload: UndoTarget }
  | { type: 'RESTORE_VERSION'; payload: RestoreVersion }
  | { type: 'UPDATE_PERMISSIONS'; payload: UpdatePermissions }
  | { type: 'UPDATE_GRAPH'; payload: UpdateGraph };

/** What a client sends. `clientId` and `seq` are filled in by the connection that sends it. */
export type Envelope = CommandBody & {
  operationId: string;
  graphId?: string;
  clientId?: string;
  seq?: number;
  baseVersion?: number;
  epoch?: string;
  timestamp?: number;
};
