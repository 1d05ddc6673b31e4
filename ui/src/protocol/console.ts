import type { GraphMeta, Role } from './domain';

export interface GraphSummary extends GraphMeta {
  version: number;
  nodes: number;
  edges: number;
}

export type ImportFormat = 'cargo-lock' | 'package-lock' | 'graphy-json' | 'auto';
export type ExportFormat = 'json' | 'svg' | 'png';

export interface ExportedFile {
  fileName: string;
  mime: string;
  text?: string | null;
  base64?: string | null;
}

export interface GraphVerification {
  graphId: string;
  epoch: string;
  version: number;
  nodes: number;
  edges: number;
  storedChecksum: string;
  computedChecksum: string;
  matches: boolean;
}

export interface HealthReport {
  ready: boolean;
  checks: { name: string; ok: boolean; detail: string; ageMs: number }[];
}

export interface SystemInfo {
  version: string;
  environment: string;
  redisUrl: string;
  redisVersion: string;
  /** Absent when Redis is not ours. */
  dataDir?: string;
  apiUrl: string;
  ackLevel: string;
  startedAt: number;
  pid: number;
}

export interface TokenSummary {
  tokenId: string;
  name: string;
  role: Role;
  userId: string;
  createdAt: number;
  expiresAt: number;
  lastUsedAt?: number;
}

export interface CreatedToken extends TokenSummary {
  /** Shown once; the server keeps only its hash. */
  token: string;
}

export interface SeriesPoint {
  name: string;
  value: number | null;
}

export type ImportState = 'running' | 'done' | 'failed' | 'cancelled';

export interface ImportProgress {
  importId: string;
  graphId: string;
  name: string;
  total: number;
  done: number;
  state: ImportState;
  error?: string | null;
}

export interface RecentEvent {
  /** Counts events of the server's process, so that none is shown twice. */
  id: number;
  at: number;
  kind: string;
  text: string;
  graphId?: string | null;
}

export interface LiveFrame {
  at: number;
  environment: string;
  points: SeriesPoint[];
  imports: ImportProgress[];
  events: RecentEvent[];
  graphsChanged: boolean;
}

export interface SeriesHistory {
  name: string;
  unit: string;
  help: string;
  /** The `/metrics` series or Redis INFO field that this series equals. */
  metric: string;
  at: number[];
  values: (number | null)[];
}

export interface OverviewSnapshot {
  since: number;
  stepMs: number;
  series: SeriesHistory[];
  events: RecentEvent[];
}

/** Every console operation: its request and its response. */
export interface Operations {
  'graphs.list': [Record<string, never>, { graphs: GraphSummary[] }];
  'graphs.create': [{ name: string; graphId?: string }, GraphMeta];
  'graphs.delete': [{ graphId: string }, { operationId: string }];
  'graphs.import': [
    { format: ImportFormat; name?: string; fileName: string; text: string },
    { importId: string; graphId: string },
  ];
  'imports.cancel': [{ importId: string }, Record<string, never>];
  'graphs.export': [{ graphId: string; format: ExportFormat }, ExportedFile];
  'graph.verify': [{ graphId: string }, GraphVerification];
  'overview.get': [Record<string, never>, OverviewSnapshot];
  'health.check': [Record<string, never>, HealthReport];
  'system.info': [Record<string, never>, SystemInfo];
  'tokens.create': [{ name: string; role: Role; expiresInDays?: number }, CreatedToken];
  'tokens.list': [Record<string, never>, { tokens: TokenSummary[] }];
  'tokens.revoke': [{ tokenId: string }, Record<string, never>];
}

export type OperationName = keyof Operations;
export type RequestOf<Name extends OperationName> = Operations[Name][0];
export type ResponseOf<Name extends OperationName> = Operations[Name][1];
