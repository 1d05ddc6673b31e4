/** What became of a client's commands, counted from the frames that it got. */
import type { Outcome, ServerFrame } from '../../protocol';

/** How a command ended, as people count it. */
export type Ending = 'applied' | 'merged' | 'conflict' | 'rejected';

export interface Numbers {
  commands: number;
  /** From command to answer, over the last 100. */
  ackP50: number | undefined;
  ackP95: number | undefined;
  /** Connections after the first one. */
  resumes: number;
  /** Commands that were taken back because the server refused them. */
  reverts: number;
  merged: number;
  conflicts: number;
}

const LATENCIES_MAX = 100;
const WAITING_MAX = 20_000;

export class Tally {
  private readonly sentAt = new Map<string, number>();
  private readonly latencies: number[] = [];
  private readonly endings = new Map<Ending, number>();
  private readonly listeners = new Set<(operationId: string, ending: Ending) => void>();
  private commands = 0;
  private welcomes = 0;

  /** Each command's end is told once. */
  onEnding(listener: (operationId: string, ending: Ending) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  sent(operationId: string, now = performance.now()): void {
    this.commands += 1;
    this.sentAt.set(operationId, now);
    if (this.sentAt.size <= WAITING_MAX) return;
    for (const oldest of this.sentAt.keys()) {
      this.sentAt.delete(oldest);
      break;
    }
  }

  receive(frame: ServerFrame, now = performance.now()): void {
    switch (frame.type) {
      case 'welcome':
        this.welcomes += 1;
        return;
      case 'command_result':
        return this.ended(frame.operationId, endingOf(frame.outcome), now);
      case 'revert':
        return this.ended(frame.operationId, 'rejected', now);
      case 'sync':
        if (frame.mode === 'repair') return;
        for (const { operationId, outcome } of frame.landed) {
          this.ended(operationId, endingOf(outcome), now);
        }
        return;
    }
  }

  get numbers(): Numbers {
    const sorted = [...this.latencies].sort((one, other) => one - other);
    return {
      commands: this.commands,
      ackP50: quantile(sorted, 0.5),
      ackP95: quantile(sorted, 0.95),
      resumes: Math.max(0, this.welcomes - 1),
      reverts: this.endings.get('rejected') ?? 0,
      merged: this.endings.get('merged') ?? 0,
      conflicts: this.endings.get('conflict') ?? 0,
    };
  }

  private ended(operationId: string, ending: Ending, now: number): void {
    const sentAt = this.sentAt.get(operationId);
    if (sentAt === undefined) return;
    this.sentAt.delete(operationId);
    this.latencies.push(now - sentAt);
    if (this.latencies.length > LATENCIES_MAX) this.latencies.shift();
    this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1);
    for (const listener of this.listeners) listener(operationId, ending);
  }
}

/** A duplicate ended as it did the first time; one that nobody remembers had landed. */
export function endingOf(outcome: Outcome): Ending {
  if (outcome.status !== 'duplicate') return outcome.status;
  return outcome.first === undefined ? 'applied' : endingOf(outcome.first);
}

/** The smallest value that a share of all values does not exceed. */
export function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
