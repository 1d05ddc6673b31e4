import type { Envelope } from './commands';
import type { Change, Edge, GraphMeta, Node, Role, Viewport } from './domain';
import type { ApiError, ErrorCode } from './errors';

export type Outcome =
  | { status: 'applied'; version: number }
  | { status: 'merged'; version: number; effect?: Change[] }
  | { status: 'duplicate'; first?: Outcome }
  | { status: 'conflict'; conflictId: string }
  | { status: 'rejected'; code: ErrorCode; message: string; field?: string };

export interface AppliedOperation {
  version: number;
  operationId: string;
  clientId?: string;
  userId: string;
  seq?: number;
  type: string;
  timestamp: number;
  changes: Change[];
}

export interface Landed {
  operationId: string;
  outcome: Outcome;
}

export interface HeldNode {
  node: Node;
  hash: string;
}

export interface HeldEdge {
  edge: Edge;
  hash: string;
}

export type SyncFrame =
  | {
      type: 'sync';
      mode: 'in_sync';
      epoch: string;
      version: number;
      checksum: string;
      landed: Landed[];
    }
  | {
      type: 'sync';
      mode: 'behind';
      epoch: string;
      fromVersion: number;
      toVersion: number;
      operations: AppliedOperation[];
      /** On the last chunk. */
      checksum?: string;
      landed: Landed[];
      last: boolean;
    }
  | {
      type: 'sync';
      mode: 'full';
      epoch: string;
      version: number;
      chunk: number;
      chunks: number;
      nodes: HeldNode[];
      edges: HeldEdge[];
      viewport?: Viewport | null;
      checksum?: string | null;
      landed?: Landed[] | null;
    };

export interface WelcomeFrame {
  type: 'welcome';
  sessionId: string;
  userId: string;
  role: Role;
  epoch: string;
  version: number;
  graph: GraphMeta;
  limits: Record<string, number>;
  heartbeatMs: number;
}

export interface StateUpdateFrame {
  type: 'state_update';
  epoch: string;
  fromVersion: number;
  toVersion: number;
  operations: AppliedOperation[];
  checksum: string;
}

export interface RevertFrame {
  type: 'revert';
  operationId: string;
  code: ErrorCode;
  message: string;
  field?: string | null;
}

export type ErrorFrame = ApiError & { type: 'error'; operationId?: string | null };

export type ServerFrame =
  | WelcomeFrame
  | SyncFrame
  | StateUpdateFrame
  | { type: 'command_result'; operationId: string; outcome: Outcome }
  | RevertFrame
  | { type: 'heartbeat'; epoch: string; version: number }
  | { type: 'presence' }
  | ErrorFrame
  | { type: 'going_away'; retryAfterMs: number };

export type ClientFrame =
  | {
      type: 'hello';
      token: string;
      clientId: string;
      graphId?: string;
      epoch?: string;
      version?: number;
      pending: string[];
    }
  | { type: 'command'; command: Envelope }
  | { type: 'heartbeat' }
  | { type: 'request_sync'; epoch?: string; version?: number };
