/**
 * The wire, as the UI uses it. What Rust defines comes from `../generated` (`cargo xtask gen`);
 * this folder adds only what has no Rust twin to export: commands as this client writes them, and
 * the table of console operations.
 */
export type { ApiError } from '../generated/ApiError';
export type { AppliedOperation } from '../generated/AppliedOperation';
export type { Change } from '../generated/Change';
export type { Choice } from '../generated/Choice';
export type { ConflictNote } from '../generated/ConflictNote';
export type { ConflictRecord } from '../generated/ConflictRecord';
export type { CreatedToken } from '../generated/CreatedToken';
export type { Edge } from '../generated/Edge';
export type { EdgePatch } from '../generated/EdgePatch';
export type { ErrorCode } from '../generated/ErrorCode';
export type { ExportFormat } from '../generated/ExportFormat';
export type { GraphMeta } from '../generated/GraphMeta';
export type { GraphRole } from '../generated/GraphRole';
export type { GraphSettings } from '../generated/GraphSettings';
export type { HashedEdge } from '../generated/HashedEdge';
export type { HashedNode } from '../generated/HashedNode';
export type { ImportProgress } from '../generated/ImportProgress';
export type { Landed } from '../generated/Landed';
export type { LiveFrame } from '../generated/LiveFrame';
export type { Node } from '../generated/Node';
export type { NodePatch } from '../generated/NodePatch';
export type { Outcome } from '../generated/Outcome';
export type { OverviewSnapshot } from '../generated/OverviewSnapshot';
export type { PartialState } from '../generated/PartialState';
export type { Peer } from '../generated/Peer';
export type { Position } from '../generated/Position';
export type { PresenceState } from '../generated/PresenceState';
export type { RecentEvent } from '../generated/RecentEvent';
export type { RejectCode } from '../generated/RejectCode';
export type { Resolution } from '../generated/Resolution';
export type { ResolveConflict } from '../generated/ResolveConflict';
export type { Role } from '../generated/Role';
export type { SeriesPoint } from '../generated/SeriesPoint';
export type { ServerFrame } from '../generated/ServerFrame';
export type { SessionToken } from '../generated/SessionToken';
export type { Skipped } from '../generated/Skipped';
export type { TokenSummary } from '../generated/TokenSummary';
export type { Viewport } from '../generated/Viewport';
export type * from './commands';
export type * from './frames';
export type * from './operations';
