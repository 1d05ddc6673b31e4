/**
 * One client's commands for one graph, in the order of their making, written down before they are
 * sent.
 *
 * Bounded: at most 10 000 commands wait. How many of them are on the wire at once follows what the
 * server takes: one more for each that it handled, half as many after it said that they come too
 * fast (as the Rust client does, `crates/client/src/session/pending.rs`).
 */
import type { Envelope } from '../../../protocol';
import type { CommandRecord, LineRecord, LineStore, Parked } from './line-store';

export const WAITING_MAX = 10_000;
const WINDOW_MAX = 256;
const WINDOW_FIRST = 64;
/** The server takes ids of at most 128 characters. */
const ID_CHARS_MAX = 128;

/** Not before it is written may a command be sent. */
export type Progress = 'unwritten' | 'unsent' | 'in_flight';

interface Entry {
  record: CommandRecord;
  progress: Progress;
}

export class CommandLine {
  private readonly entries = new Map<string, Entry>();
  private readonly parked = new Map<string, CommandRecord>();
  private readonly dirty = new Map<string, CommandRecord | undefined>();
  /** What the store refused the last time. */
  private readonly unwritten = new Map<string, CommandRecord>();
  private window = WINDOW_FIRST;
  private inFlight = 0;
  private nextPlace = 1;
  private writing: Promise<void> | undefined;
  private removed = false;
  /** Whether everything that waits is written. */
  durable = true;
  /** Told when commands may be sent that could not before. */
  onReady: () => void = () => undefined;
  onDurable: (durable: boolean) => void = () => undefined;

  constructor(
    private readonly store: LineStore | undefined,
    private readonly line: LineRecord,
    commands: readonly CommandRecord[] = [],
  ) {
    for (const record of commands) {
      this.nextPlace = Math.max(this.nextPlace, record.place + 1);
      if (record.parked !== undefined) this.parked.set(record.operationId, record);
      else this.entries.set(record.operationId, { record, progress: 'unsent' });
    }
    if (store === undefined) this.durable = false;
  }

  get lineId(): string {
    return this.line.lineId;
  }

  /** The name under which the commands are counted at present. */
  get clientId(): string {
    const { name, rolls } = this.line;
    if (rolls === 0) return name;
    const suffix = `.${rolls}`;
    return `${name.slice(0, ID_CHARS_MAX - suffix.length)}${suffix}`;
  }

  get waiting(): number {
    return this.entries.size;
  }

  get isEmpty(): boolean {
    return this.entries.size === 0 && this.parked.size === 0;
  }

  has(operationId: string): boolean {
    return this.entries.has(operationId);
  }

  /** Everything that is kept, in order. */
  kept(): { envelope: Envelope; parked?: Parked }[] {
    const all = [
      ...this.parked.values(),
      ...[...this.entries.values()].map(({ record }) => record),
    ];
    return all
      .sort((one, other) => one.place - other.place)
      .map(({ envelope, parked }) => (parked ? { envelope, parked } : { envelope }));
  }

  /** What has no outcome yet, oldest first, and how far it is. */
  queue(): { envelope: Envelope; progress: Progress }[] {
    return [...this.entries.values()].map(({ record, progress }) => ({
      envelope: record.envelope,
      progress,
    }));
  }

  /** Takes a command in and gives it its place; `false`: too many wait already. */
  push(envelope: Envelope): boolean {
    if (this.entries.size >= WAITING_MAX) return false;
    const { operationId } = envelope;
    const numbered = { ...envelope, clientId: this.clientId, seq: this.takeSeq() };
    const record = { lineId: this.lineId, operationId, place: this.nextPlace, envelope: numbered };
    this.nextPlace += 1;
    this.entries.set(operationId, { record, progress: 'unwritten' });
    this.note(operationId, record);
    return true;
  }

  /** The next command to send, as made against the present life of the graph. */
  nextToSend(epoch: string): Envelope | undefined {
    if (this.inFlight >= this.window) return undefined;
    for (const entry of this.entries.values()) {
      if (entry.progress === 'in_flight') continue;
      // What follows one that is not written yet waits too: order is kept.
      if (entry.progress === 'unwritten') return undefined;
      entry.progress = 'in_flight';
      this.inFlight += 1;
      return inEpoch(entry.record.envelope, epoch);
    }
    return undefined;
  }

  /** Forgets a command whose end is known. */
  settle(operationId: string): boolean {
    const entry = this.entries.get(operationId);
    if (entry === undefined) return false;
    if (entry.progress === 'in_flight') this.inFlight -= 1;
    this.entries.delete(operationId);
    this.unwritten.delete(operationId);
    this.note(operationId, undefined);
    return true;
  }

  /** Keeps a refused command for a person to see; nothing waits for it. */
  park(operationId: string, parked: Parked): void {
    const entry = this.entries.get(operationId);
    if (entry === undefined) return;
    this.settle(operationId);
    const record = { ...entry.record, parked };
    this.parked.set(operationId, record);
    this.note(operationId, record);
  }

  /** A person has seen it. */
  discard(operationId: string): boolean {
    if (!this.parked.delete(operationId)) return false;
    this.note(operationId, undefined);
    return true;
  }

  /** Says whether a command that the server refused without counting it leaves a hole behind. */
  uncounted(operationId: string): boolean {
    const seq = this.entries.get(operationId)?.record.envelope.seq;
    if (seq === undefined) return false;
    if (seq !== this.line.nextSeq - 1) return true;
    this.line.nextSeq -= 1;
    return false;
  }

  widen(): void {
    this.window = Math.min(WINDOW_MAX, this.window + 1);
  }

  narrow(): void {
    this.window = Math.max(1, Math.floor(this.window / 2));
  }

  /** The command goes out again; says whether it was there. */
  takeBack(operationId: string): boolean {
    const entry = this.entries.get(operationId);
    if (entry === undefined) return false;
    if (entry.progress === 'in_flight') {
      entry.progress = 'unsent';
      this.inFlight -= 1;
    }
    return true;
  }

  /** The socket that had them is gone. */
  takeAllBack(): void {
    for (const entry of this.entries.values()) {
      if (entry.progress === 'in_flight') entry.progress = 'unsent';
    }
    this.inFlight = 0;
  }

  /** The oldest commands, to ask the server about. */
  oldest(countMax: number): string[] {
    return [...this.entries.keys()].slice(0, countMax);
  }

  /** Notes the life of the graph; `true`: the count has to begin anew in it. */
  arrivedIn(epoch: string): boolean {
    const before = this.line.epoch;
    if (before === epoch) return false;
    this.line.epoch = epoch;
    this.flush();
    return before !== undefined;
  }

  /**
   * Begins the count anew, under a name that no server has counted yet; `true` if that made a
   * difference. Ids stay, so what was counted under the old name is known as a duplicate.
   */
  roll(): boolean {
    if (this.line.nextSeq === 1) return false;
    this.line.rolls += 1;
    this.line.nextSeq = 1;
    this.takeAllBack();
    for (const [operationId, entry] of this.entries) {
      const { envelope } = entry.record;
      const numbered = { ...envelope, clientId: this.clientId, seq: this.takeSeq() };
      entry.record = { ...entry.record, envelope: numbered };
      entry.progress = 'unwritten';
      this.note(operationId, entry.record);
    }
    this.flush();
    return true;
  }

  /** Forgets the whole line: there is nothing in it that anybody needs. */
  async remove(): Promise<void> {
    this.removed = true;
    await this.writing;
    await this.store?.remove(this.lineId).catch(() => undefined);
  }

  /** Resolves once everything so far is written or has failed to be. */
  async settled(): Promise<void> {
    while (this.writing !== undefined) await this.writing;
  }

  private takeSeq(): number {
    const seq = this.line.nextSeq;
    this.line.nextSeq += 1;
    return seq;
  }

  private note(operationId: string, record: CommandRecord | undefined): void {
    this.dirty.set(operationId, record);
    if (record !== undefined) this.setDurable(false);
    this.flush();
  }

  private setDurable(durable: boolean): void {
    if (durable === this.durable) return;
    this.durable = durable;
    this.onDurable(durable);
  }

  /** Writes what has changed; what changes meanwhile goes together with the next write. */
  private flush(): void {
    if (this.writing !== undefined || this.removed) return;
    this.writing = Promise.resolve()
      .then(() => this.write())
      .finally(() => {
        this.writing = undefined;
        if (this.dirty.size > 0) this.flush();
      });
  }

  private async write(): Promise<void> {
    const changes = [...new Map([...this.unwritten, ...this.dirty])];
    this.dirty.clear();
    this.unwritten.clear();
    const puts = changes.flatMap(([, record]) => (record ? [record] : []));
    const deletes = changes.flatMap(([operationId, record]) => (record ? [] : [operationId]));
    const line = { ...this.line, touchedAt: Date.now() };
    let written = this.store !== undefined;
    try {
      await this.store?.write({ line, puts, deletes });
    } catch {
      // Full or broken: the work goes on in memory, and the page warns before it is left.
      written = false;
    }
    // What could not be written goes with the next write, unless it has its end by then.
    if (!written) for (const put of puts) this.keepDirty(put);
    for (const record of puts) {
      const entry = this.entries.get(record.operationId);
      if (entry?.record === record && entry.progress === 'unwritten') entry.progress = 'unsent';
    }
    this.setDurable(written && ![...this.dirty.values()].some((record) => record !== undefined));
    if (puts.length > 0) this.onReady();
  }

  private keepDirty(record: CommandRecord): void {
    const { operationId } = record;
    const present = this.entries.get(operationId)?.record ?? this.parked.get(operationId);
    if (present === record && !this.dirty.has(operationId)) this.unwritten.set(operationId, record);
  }
}

/** What was made in another life of the graph knows no version of this one. */
function inEpoch(envelope: Envelope, epoch: string): Envelope {
  if (envelope.epoch === epoch) return envelope;
  const { baseVersion: _, ...rest } = envelope;
  return { ...rest, epoch };
}
