/**
 * Which lines of commands this tab owns. It goes on with a line that a closed tab has left, so
 * that numbers and name stay; further ones that others left, or leave later, are handed out as
 * orphans, to be emptied under their own names.
 */
import { uuidV7 } from '../../../shared/ids';
import { CommandLine } from './command-line';
import { browserLocks, type LineLocks, leases, type Release } from './line-lock';
import { type LineRecord, type LineStore, openLineStore } from './line-store';

export interface OpenLines {
  own: CommandLine;
  /** Lines that other tabs have left with something in them. */
  orphans: CommandLine[];
  /** Gives the lines up, for the next opener; what is empty is forgotten. */
  close: () => void;
}

/** Opens the lines of one person and graph. Without a store, a line in memory only. */
export async function openLines(
  scope: string,
  onOrphan: (line: CommandLine) => void,
  open: () => Promise<LineStore> = openLineStore,
  locks: LineLocks = browserLocks() ?? leases(),
): Promise<OpenLines> {
  try {
    const opening = new Opening(await open(), locks, scope, onOrphan);
    return await opening.run();
  } catch {
    // The browser keeps nothing, as in some private windows: the page warns before it is left.
    return {
      own: new CommandLine(undefined, freshLine(scope)),
      orphans: [],
      close: () => undefined,
    };
  }
}

function freshLine(scope: string): LineRecord {
  const lineId = uuidV7();
  return { lineId, scope, name: lineId, rolls: 0, nextSeq: 1, touchedAt: Date.now() };
}

class Opening {
  private readonly held = new Map<CommandLine, Release>();
  private readonly closing = new AbortController();

  constructor(
    private readonly store: LineStore,
    private readonly locks: LineLocks,
    private readonly scope: string,
    private readonly onOrphan: (line: CommandLine) => void,
  ) {}

  async run(): Promise<OpenLines> {
    const found = await this.store.find(this.scope);
    found.sort((one, other) => other.touchedAt - one.touchedAt);
    const left: CommandLine[] = [];
    for (const { lineId } of found) {
      const release = await this.locks.tryTake(lineId);
      if (release === undefined) this.waitFor(lineId);
      else {
        const line = await this.takeOver(lineId, release, left.length === 0);
        if (line !== undefined) left.push(line);
      }
    }
    const own = left.shift() ?? (await this.fresh());
    return { own, orphans: left, close: () => this.close() };
  }

  private async fresh(): Promise<CommandLine> {
    const record = freshLine(this.scope);
    const release = await this.locks.tryTake(record.lineId);
    const line = new CommandLine(this.store, record);
    this.held.set(line, release ?? (() => undefined));
    return line;
  }

  /** Reads a line that is ours now; an empty one is forgotten unless it is `wanted`. */
  private async takeOver(
    lineId: string,
    release: Release,
    wanted: boolean,
  ): Promise<CommandLine | undefined> {
    const kept = await this.store.read(lineId);
    if (kept === undefined || (kept.commands.length === 0 && !wanted)) {
      if (kept !== undefined) await this.store.remove(lineId);
      release();
      return undefined;
    }
    const line = new CommandLine(this.store, kept.line, kept.commands);
    this.held.set(line, release);
    return line;
  }

  /** Another tab has it. Should that tab end, what it leaves is sent from here. */
  private waitFor(lineId: string): void {
    this.locks
      .take(lineId, this.closing.signal)
      .then((release) => this.takeOver(lineId, release, false))
      .then((line) => line && this.onOrphan(line))
      // Closed before that tab: nothing is left to do.
      .catch(() => undefined);
  }

  private close(): void {
    this.closing.abort();
    for (const [line, release] of this.held) {
      void line
        .settled()
        .then(() => (line.isEmpty ? line.remove() : undefined))
        .finally(release);
    }
    this.held.clear();
  }
}
