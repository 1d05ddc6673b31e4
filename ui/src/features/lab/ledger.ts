/** The books of one run: every command of it, how it ended, and whether the server still has it. */
import type { Ending } from './tally';

export interface Counts {
  commands: number;
  applied: number;
  merged: number;
  conflicts: number;
  rejected: number;
  unanswered: number;
}

export interface Audit {
  /** Commands without an answer, or told as landed and not in the history. */
  lost: string[];
  /** Commands that stand in the history more than once. */
  doubled: string[];
  /** Commands told as refused that stand in the history all the same. */
  revived: string[];
}

export class Ledger {
  private readonly endings = new Map<string, Ending | undefined>();
  private openCount = 0;

  sent(operationId: string): void {
    if (this.endings.has(operationId)) return;
    this.endings.set(operationId, undefined);
    this.openCount += 1;
  }

  /** Says whether the command is one of this run's; the first end of a command counts. */
  ended(operationId: string, ending: Ending): boolean {
    if (!this.endings.has(operationId)) return false;
    if (this.endings.get(operationId) === undefined) {
      this.endings.set(operationId, ending);
      this.openCount -= 1;
    }
    return true;
  }

  /** How many commands wait for their end. */
  get open(): number {
    return this.openCount;
  }

  get counts(): Counts {
    const of = (wanted: Ending) =>
      [...this.endings.values()].filter((ending) => ending === wanted).length;
    return {
      commands: this.endings.size,
      applied: of('applied'),
      merged: of('merged'),
      conflicts: of('conflict'),
      rejected: of('rejected'),
      unanswered: this.openCount,
    };
  }

  /**
   * Holds what clients were told against the server's history. A merged command need not stand
   * there: a later one of its client may have taken its place.
   */
  audit(history: Iterable<string>): Audit {
    const times = new Map<string, number>();
    for (const operationId of history) {
      times.set(operationId, (times.get(operationId) ?? 0) + 1);
    }
    const audit: Audit = { lost: [], doubled: [], revived: [] };
    for (const [operationId, ending] of this.endings) {
      const found = times.get(operationId) ?? 0;
      const mustBeThere = ending === 'applied' || ending === 'conflict';
      if (ending === undefined || (mustBeThere && found === 0)) audit.lost.push(operationId);
      if (found > 1) audit.doubled.push(operationId);
      if (ending === 'rejected' && found > 0) audit.revived.push(operationId);
    }
    return audit;
  }
}
