import type { Hello } from '../generated/Hello';
import type { PresenceState } from '../generated/PresenceState';
import type { ServerFrame } from '../generated/ServerFrame';
import type { Envelope } from './commands';

export type SyncFrame = Extract<ServerFrame, { type: 'sync' }>;
export type StateUpdateFrame = Extract<ServerFrame, { type: 'state_update' }>;
export type DigestsFrame = Extract<ServerFrame, { type: 'digests' }>;
export type PresenceFrame = Extract<ServerFrame, { type: 'presence' }>;
export type RevertFrame = Extract<ServerFrame, { type: 'revert' }>;

export type ClientFrame =
  | ({ type: 'hello' } & Hello)
  | { type: 'command'; command: Envelope }
  | { type: 'heartbeat' }
  | { type: 'request_sync'; epoch?: string; version?: number; buckets?: number[] }
  | { type: 'request_digests' }
  | ({ type: 'presence' } & PresenceState)
  | { type: 'token'; token: string };
