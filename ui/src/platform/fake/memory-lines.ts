/** A store of command lines and its locks in memory, which outlive the tabs of a test. */
import type { LineLocks, Release } from '../web/queue/line-lock';
import type { CommandRecord, LineRecord, LineStore } from '../web/queue/line-store';

export class MemoryLineStore implements LineStore {
  readonly lines = new Map<string, LineRecord>();
  readonly commands = new Map<string, CommandRecord>();
  /** Set to make writing fail, as on a full disk. */
  broken = false;
  /** While set, writes wait: nothing is durable yet. */
  held: Promise<void> | undefined;

  async find(scope: string): Promise<LineRecord[]> {
    return structuredClone([...this.lines.values()].filter((line) => line.scope === scope));
  }

  async read(lineId: string) {
    const line = this.lines.get(lineId);
    const commands = [...this.commands.values()]
      .filter((command) => command.lineId === lineId)
      .sort((one, other) => one.place - other.place);
    return line && structuredClone({ line, commands });
  }

  async write(write: { line: LineRecord; puts: CommandRecord[]; deletes: string[] }) {
    await this.held;
    if (this.broken) throw new Error('the disk is full');
    const { line, puts, deletes } = structuredClone(write);
    this.lines.set(line.lineId, line);
    for (const operationId of deletes) this.commands.delete(operationId);
    for (const record of puts) this.commands.set(record.operationId, record);
  }

  async remove(lineId: string) {
    this.lines.delete(lineId);
    for (const [id, command] of this.commands) {
      if (command.lineId === lineId) this.commands.delete(id);
    }
  }
}

/** Locks that a test can break, as the end of a tab does. */
export class MemoryLocks implements LineLocks {
  private readonly taken = new Set<string>();
  private readonly waiting: { lineId: string; grant: () => void }[] = [];

  async tryTake(lineId: string): Promise<Release | undefined> {
    if (this.taken.has(lineId)) return undefined;
    this.taken.add(lineId);
    return () => this.free(lineId);
  }

  take(lineId: string, signal: AbortSignal): Promise<Release> {
    return new Promise((resolve, reject) => {
      const grant = () => {
        this.taken.add(lineId);
        resolve(() => this.free(lineId));
      };
      if (!this.taken.has(lineId)) return grant();
      const place = { lineId, grant };
      this.waiting.push(place);
      signal.addEventListener('abort', () => {
        this.waiting.splice(this.waiting.indexOf(place), 1);
        reject(new Error('given up'));
      });
    });
  }

  /** The tab that held it is gone, without a word. */
  free(lineId: string): void {
    this.taken.delete(lineId);
    const at = this.waiting.findIndex((place) => place.lineId === lineId);
    if (at >= 0) this.waiting.splice(at, 1)[0]?.grant();
  }

  freeAll(): void {
    for (const lineId of [...this.taken]) this.free(lineId);
  }
}
