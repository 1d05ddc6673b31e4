import type { Edge } from '../generated/Edge';
import type { EdgeRef } from '../generated/EdgeRef';
import type { Node } from '../generated/Node';
import type { NodeRef } from '../generated/NodeRef';
import type { UpdateEdge } from '../generated/UpdateEdge';
import type { UpdateNode } from '../generated/UpdateNode';
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
  | { type: 'DELETE_GRAPH'; payload: Record<string, never> };

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
