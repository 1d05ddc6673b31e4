import type {
  ApiError,
  Envelope,
  ErrorCode,
  LiveFrame,
  OperationName,
  PartialState,
  PresenceState,
  RejectCode,
  RequestOf,
  ResponseOf,
  ServerFrame,
} from '../protocol';

export type Host = 'web' | 'tauri' | 'fake';

/** The state of one stream, as its connection layer sees it. */
export type ConnectionStatus =
  | { state: 'connecting' }
  | { state: 'online' }
  | { state: 'offline'; attempt: number; retryInMs: number }
  | { state: 'closed'; code: ErrorCode; message: string };

/** A command that an earlier run of this program wrote down and that nobody has answered for. */
export interface KeptCommand {
  envelope: Envelope;
  /**
   * Why the server refused it; it is not sent again, and kept until `discard`. Absent: it has no
   * outcome yet, and the connection sends it in its place.
   */
  parked?: { code: RejectCode; message: string; field?: string };
}

export interface GraphHandlers {
  onFrame: (frame: ServerFrame) => void;
  onStatus: (status: ConnectionStatus) => void;
  /** Where to resume from; `undefined` asks for the full state. */
  position: () => { epoch: string; version: number } | undefined;
  /** The first chunks of a full state that came through before the connection was lost. */
  partial: () => PartialState | undefined;
  /**
   * What earlier runs left, oldest first: before the first frame, and again when a window that
   * shared the graph is gone and has left something.
   */
  onRestored: (kept: KeptCommand[]) => void;
  /**
   * Whether every unsent command is written where it outlives this program. Told when it changes;
   * until then it is taken for `true`.
   */
  onDurable: (durable: boolean) => void;
}

/** How much a sync is to bring: what follows the position, everything, or some buckets. */
export type SyncExtent = 'delta' | 'full' | { buckets: number[] };

/**
 * A live subscription to one graph. It owns reconnecting, the queue of what is unanswered (written
 * down before it is sent) and re-sending it.
 */
export interface GraphConnection {
  /** The name under which commands are counted; empty until the host has told it. */
  readonly clientId: string;
  /** Queues a command for sending, in call order. Assigns `clientId` and `seq`. */
  send: (envelope: Envelope) => void;
  requestSync: (extent: SyncExtent) => void;
  /** Asks for the sums of all buckets; the answer comes as a `digests` frame. */
  requestDigests: () => void;
  /** Replaces what the others see of this client. Never queued: offline it is dropped. */
  sendPresence: (state: PresenceState) => void;
  /** Forgets a refused command; a person has seen it. */
  discard: (operationId: string) => void;
  close: () => void;
}

export interface LiveHandlers {
  onFrame: (frame: LiveFrame) => void;
  onStatus: (status: ConnectionStatus) => void;
}

export interface Capabilities {
  /** The host asks where to save; otherwise the browser downloads. */
  nativeSave: boolean;
  /** Access comes from a token that a person may have to give. */
  signIn: boolean;
}

/** What a deployment is for, from harmless to not. */
export type Environment = 'local' | 'development' | 'testing' | 'staging' | 'production';

/** One deployment that this console can show. */
export interface Profile {
  id: string;
  name: string;
  /** `embedded` is the node inside this program; there is exactly one. */
  kind: 'embedded' | 'remote';
  /** Where a remote deployment is. */
  url?: string;
  environment: Environment;
  /** Everything that changes something is refused, by the program and not only by this page. */
  readOnly: boolean;
  hasToken: boolean;
}

export interface ProfileList {
  profiles: Profile[];
  activeId: string;
  /** Where tokens are kept. `file` comes with a warning to show. */
  tokenStore: 'keyring' | 'file';
  tokenWarning?: string;
  /** What is wrong with the edits that wait on disk, for people. */
  queueWarning?: string;
}

export interface ProfileDraft {
  /** Absent for a new one. */
  id?: string;
  name: string;
  url?: string;
  environment: Environment;
  readOnly: boolean;
  /** Absent to keep the one that is stored. */
  token?: string;
}

export type ProfileTest =
  | { result: 'ok'; version: string; environment: string; latencyMs: number }
  | { result: 'unreachable' | 'unauthorized' | 'wrong_version' | 'invalid'; message: string };

/** The deployments of a host that can show more than one. */
export interface Profiles {
  list: () => Promise<ProfileList>;
  save: (draft: ProfileDraft) => Promise<Profile>;
  remove: (id: string) => Promise<void>;
  /** Every window starts anew on the other deployment; nothing of this one is kept. */
  activate: (id: string) => Promise<void>;
  test: (draft: ProfileDraft) => Promise<ProfileTest>;
}

/** Leave for this page to open sockets of its own, past the program around it. */
export interface DirectAccess {
  /** Where the server is, as in `http://127.0.0.1:7878`. */
  origin: string;
  token: () => string | null;
  /** Told when the token was replaced by a younger one. */
  onRenewed: (listener: () => void) => void;
  offRenewed: (listener: () => void) => void;
  /** Gives back what was made for it. */
  release: () => void;
}

/** Everything the UI needs from the program around it. */
export interface Platform {
  readonly host: Host;
  readonly capabilities: Capabilities;
  /** Readies access. `false`: a person must sign in first. */
  start: () => Promise<boolean>;
  signIn: (token: string) => Promise<void>;
  signOut: () => void;
  rpc: <Name extends OperationName>(
    operation: Name,
    payload: RequestOf<Name>,
  ) => Promise<ResponseOf<Name>>;
  openLive: (handlers: LiveHandlers) => () => void;
  openGraph: (graphId: string, handlers: GraphHandlers) => GraphConnection;
  /** Resolves to where the file went, or `null` if the person changed their mind. */
  saveFile: (
    name: string,
    content: { text: string } | { base64: string },
    mime: string,
  ) => Promise<string | null>;
  /** Opens one more window, an equal client. Absent where the host has its own way, as tabs are. */
  openWindow?: () => Promise<void>;
  /** Absent where there is only the deployment that served the page. */
  profiles?: Profiles;
  /** For the Lab, whose clients have networks of their own. Absent where no page may do that. */
  directAccess?: () => Promise<DirectAccess>;
}

/** A refused or failed operation, with the stable code of the server. */
export class ApiFailure extends Error implements ApiError {
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly field?: string;
  readonly retryable: boolean;
  readonly traceId: string;

  constructor(error: ApiError) {
    super(error.message);
    this.name = 'ApiFailure';
    this.code = error.code;
    this.detail = error.detail;
    this.field = error.field;
    this.retryable = error.retryable;
    this.traceId = error.traceId;
  }

  /** Any thrown value as a failure; what is not an `ApiError` becomes `fallback`. */
  static from(cause: unknown, fallback: ErrorCode = 'internal'): ApiFailure {
    if (cause instanceof ApiFailure) return cause;
    if (isApiError(cause)) return new ApiFailure(cause);
    const message = cause instanceof Error ? cause.message : String(cause);
    return new ApiFailure({ code: fallback, message, retryable: false, traceId: '' });
  }
}

function isApiError(value: unknown): value is ApiError {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as ApiError).code === 'string' &&
    typeof (value as ApiError).message === 'string'
  );
}

/** The reason of a refusal that came as an error, in the words that refused commands use. */
export function rejectCode(code: ErrorCode): RejectCode {
  switch (code) {
    case 'unauthorized':
      return 'forbidden';
    case 'too_old':
    case 'method_not_allowed':
      return 'invalid';
    case 'timeout':
      return 'unavailable';
    default:
      return code;
  }
}
