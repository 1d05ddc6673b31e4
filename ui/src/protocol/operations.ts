import type { ConflictPage } from '../generated/ConflictPage';
import type { ConflictRateRequest } from '../generated/ConflictRateRequest';
import type { ConflictRates } from '../generated/ConflictRates';
import type { ConflictsRequest } from '../generated/ConflictsRequest';
import type { CreatedToken } from '../generated/CreatedToken';
import type { CreateGraph } from '../generated/CreateGraph';
import type { CreateToken } from '../generated/CreateToken';
import type { ExportedFile } from '../generated/ExportedFile';
import type { ExportRequest } from '../generated/ExportRequest';
import type { GraphList } from '../generated/GraphList';
import type { GraphMeta } from '../generated/GraphMeta';
import type { GraphRef } from '../generated/GraphRef';
import type { GraphSettingsView } from '../generated/GraphSettingsView';
import type { HistoryPage } from '../generated/HistoryPage';
import type { HistoryRequest } from '../generated/HistoryRequest';
import type { ImportRef } from '../generated/ImportRef';
import type { ImportRequest } from '../generated/ImportRequest';
import type { ImportStarted } from '../generated/ImportStarted';
import type { OperationRef } from '../generated/OperationRef';
import type { OverviewSnapshot } from '../generated/OverviewSnapshot';
import type { ResolveConflicts } from '../generated/ResolveConflicts';
import type { SendCommand } from '../generated/SendCommand';
import type { SentCommand } from '../generated/SentCommand';
import type { SessionList } from '../generated/SessionList';
import type { SettledConflicts } from '../generated/SettledConflicts';
import type { SystemInfo } from '../generated/SystemInfo';
import type { TokenList } from '../generated/TokenList';
import type { TokenRef } from '../generated/TokenRef';
import type { VerifyReport } from '../generated/VerifyReport';

type Nothing = Record<string, never>;

/** The console operations that this UI calls: request, response. */
export interface Operations {
  'graphs.list': [Nothing, GraphList];
  'graphs.create': [CreateGraph, GraphMeta];
  'graphs.delete': [GraphRef, OperationRef];
  'graphs.import': [ImportRequest, ImportStarted];
  'imports.cancel': [ImportRef, Nothing];
  'graphs.export': [ExportRequest, ExportedFile];
  'graph.verify': [GraphRef, VerifyReport];
  'graph.settings': [GraphRef, GraphSettingsView];
  'history.list': [HistoryRequest, HistoryPage];
  'conflicts.list': [ConflictsRequest, ConflictPage];
  'conflicts.rate': [ConflictRateRequest, ConflictRates];
  'conflicts.resolve': [ResolveConflicts, SettledConflicts];
  'commands.send': [SendCommand, SentCommand];
  'sessions.list': [Partial<GraphRef>, SessionList];
  'overview.get': [Nothing, OverviewSnapshot];
  'system.info': [Nothing, SystemInfo];
  'tokens.create': [CreateToken, CreatedToken];
  'tokens.list': [Nothing, TokenList];
  'tokens.revoke': [TokenRef, Nothing];
}

export type OperationName = keyof Operations;
export type RequestOf<Name extends OperationName> = Operations[Name][0];
export type ResponseOf<Name extends OperationName> = Operations[Name][1];
