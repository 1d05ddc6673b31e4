/**
 * One run of the Lab, a storm or a replay: make commands, wait for the end of each and for every
 * client to be where the others are, then ask the server whether it sees the same.
 */
import type { VerifyReport } from '../../generated/VerifyReport';
import type { GraphStatus } from '../../graph/graph-session';
import type { Counts, Ledger } from './ledger';
import type { Tally } from './tally';

export type RunKind = 'storm' | 'replay';

export interface RunResult extends Counts {
  kind: RunKind;
  lost: number;
  doubled: number;
  revived: number;
  /** Whether all clients and the server have one version and one checksum. */
  agreed: boolean;
  version: number;
  checksum: string;
  serverChecksum: string;
  /** From the last command to agreement of all clients. */
  convergedMs: number | undefined;
  stopped: boolean;
}

export type RunState =
  | { phase: 'idle' }
  | { phase: 'making'; kind: RunKind; done: number; total: number }
  | { phase: 'settling'; kind: RunKind; open: number; waitsFor: string[] }
  | { phase: 'checking'; kind: RunKind }
  | { phase: 'done'; result: RunResult }
  | { phase: 'failed'; kind: RunKind; message: string };

/** What a run needs of a client. */
export interface Runner {
  readonly name: string;
  readonly tally: Pick<Tally, 'onEnding'>;
  readonly settled: boolean;
  readonly session: {
    readonly status: {
      getState: () => Pick<GraphStatus, 'version' | 'checksum' | 'connection'>;
      subscribe: (listener: () => void) => () => void;
    };
  };
}

/** What a run asks the server for. */
export interface RunServer {
  verify: () => Promise<VerifyReport>;
  /** The names of the operations after a version, as often as they stand in the history. */
  history: (sinceVersion: number) => Promise<string[]>;
}

export interface RunSetting {
  kind: RunKind;
  runners: readonly Runner[];
  server: RunServer;
  ledger: Ledger;
  /** Makes the commands, each noted in the ledger. */
  make: (onProgress: (done: number, total: number) => void, signal: AbortSignal) => Promise<void>;
  onState: (state: RunState) => void;
  /** Ends the making of commands. */
  stop: AbortSignal;
  /** Ends the waiting for clients; what is open then counts as lost. */
  giveUp: AbortSignal;
}

const VERIFY_TRIES = 5;
const VERIFY_AGAIN_MS = 300;

export async function performRun(setting: RunSetting): Promise<RunResult> {
  const { kind, runners, ledger, onState, stop } = setting;
  const since = Math.min(...runners.map(({ session }) => session.status.getState().version));
  const forget = runners.map(({ tally }) =>
    tally.onEnding((operationId, ending) => ledger.ended(operationId, ending)),
  );
  try {
    await setting.make((done, total) => onState({ phase: 'making', kind, done, total }), stop);
    const madeAt = performance.now();
    const convergedAt = await converge(setting);
    onState({ phase: 'checking', kind });
    const report = await verifyAt(setting);
    const audit = ledger.audit(await setting.server.history(since));
    const [first] = runners;
    const { version = 0, checksum = '' } = first?.session.status.getState() ?? {};
    return {
      kind,
      ...ledger.counts,
      lost: audit.lost.length,
      doubled: audit.doubled.length,
      revived: audit.revived.length,
      agreed: together(runners) && report.matches && report.storedChecksum === checksum,
      version,
      checksum,
      serverChecksum: report.storedChecksum,
      convergedMs: convergedAt === undefined ? undefined : convergedAt - madeAt,
      stopped: stop.aborted,
    };
  } finally {
    for (const undo of forget) undo();
  }
}

/** Whether all clients have nothing under way and hold the same state. */
export function together(runners: readonly Runner[]): boolean {
  const [first, ...others] = runners;
  if (first === undefined || !first.settled) return false;
  const { version, checksum } = first.session.status.getState();
  return others.every(({ settled, session }) => {
    const status = session.status.getState();
    return settled && status.version === version && status.checksum === checksum;
  });
}

/** Waits for it, and says when it was; `undefined` if that was given up. */
function converge({ kind, runners, ledger, onState, giveUp }: RunSetting) {
  return new Promise<number | undefined>((resolve) => {
    const undo: (() => void)[] = [];
    const end = (at: number | undefined) => {
      for (const one of undo) one();
      resolve(at);
    };
    const look = () => {
      if (ledger.open === 0 && together(runners)) return end(performance.now());
      const waitsFor = runners.filter(({ settled }) => !settled).map(({ name }) => name);
      onState({ phase: 'settling', kind, open: ledger.open, waitsFor });
    };
    const onGiveUp = () => end(undefined);
    if (giveUp.aborted) return end(undefined);
    giveUp.addEventListener('abort', onGiveUp);
    undo.push(() => giveUp.removeEventListener('abort', onGiveUp));
    // An end is told before the session's status has moved, so both are listened to.
    undo.push(...runners.map(({ session }) => session.status.subscribe(look)));
    undo.push(...runners.map(({ tally }) => tally.onEnding(look)));
    look();
  });
}

/** The server's own view at the clients' version; somebody else may be editing as well. */
async function verifyAt({ runners, server }: RunSetting): Promise<VerifyReport> {
  for (let attempt = 1; ; attempt += 1) {
    const report = await server.verify();
    const same = report.version === runners[0]?.session.status.getState().version;
    if (same || attempt === VERIFY_TRIES) return report;
    await new Promise((resolve) => setTimeout(resolve, VERIFY_AGAIN_MS));
  }
}
