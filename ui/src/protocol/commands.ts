import type { Edge, EdgePatch, Node, NodePatch, Viewport } from './domain';

/** One change that can stand alone or inside a `BATCH_UPDATE`. */
export type SimpleCommand =
  | { type: 'CREATE_NODE'; payload: Partial<Node> & { id: string } }
  | { type: 'UPDATE_NODE'; payload: { id: string; patch: NodePatch; base?: { title?: string } } }
  | { type: 'DELETE_NODE'; payload: { id: string } }
  | {
      type: 'CREATE_EDGE';
      payload: Partial<Edge> & { id: string; source: string; target: string };
    }
  | { type: 'UPDATE_EDGE'; payload: { id: string; patch: EdgePatch } }
  | { type: 'DELETE_EDGE'; payload: { id: string } };

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
