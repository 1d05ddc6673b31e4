/** Plays a recording at a speed that can be changed meanwhile. */
import type { CommandBody, SimpleCommand } from '../../protocol';
import { uuidV7 } from '../../shared/ids';
import type { ClientConditions } from './lab-client';
import type { Recording } from './recording';

export const SPEED_MIN = 0.5;
export const SPEED_MAX = 10;

export interface Actor {
  submit: (command: CommandBody) => void;
  set: (conditions: Partial<ClientConditions>) => void;
}

export class Player {
  private readonly ids = new FreshIds();
  /** Where in the recording we are, as of `movedAt`. */
  private positionMs = 0;
  private movedAt = 0;
  private wake: (() => void) | undefined;

  constructor(
    private readonly recording: Recording,
    private rate = 1,
  ) {}

  get speed(): number {
    return this.rate;
  }

  set speed(rate: number) {
    this.move();
    this.rate = Math.min(SPEED_MAX, Math.max(SPEED_MIN, rate));
    this.wake?.();
  }

  /** Resolves when the last step is done, or soon after `signal` aborts. */
  async play(
    actors: readonly Actor[],
    onProgress: (done: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { steps } = this.recording;
    this.movedAt = performance.now();
    onProgress(0, steps.length);
    for (const [index, step] of steps.entries()) {
      await this.arrive(step.atMs, signal);
      if (signal.aborted) return;
      const actor = actors[step.client];
      if (step.do === 'command') actor?.submit(this.ids.renamed(step.command));
      else actor?.set(step.conditions);
      onProgress(index + 1, steps.length);
    }
  }

  private move(): void {
    const now = performance.now();
    this.positionMs += (now - this.movedAt) * this.rate;
    this.movedAt = now;
  }

  private async arrive(atMs: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      this.move();
      const wait = (atMs - this.positionMs) / this.rate;
      if (wait <= 0.5 || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const end = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', end);
          this.wake = undefined;
          resolve();
        };
        const timer = setTimeout(end, wait);
        this.wake = end;
        signal.addEventListener('abort', end);
      });
    }
  }
}

/** What the recording creates gets a new id each time, so that it can be played again. */
class FreshIds {
  private readonly names = new Map<string, string>();

  renamed(command: CommandBody): CommandBody {
    if (command.type === 'UNDO' || command.type === 'REDO') return command;
    if (command.type === 'BATCH_UPDATE') {
      const operations = command.payload.operations.map((one) => this.simple(one));
      return { ...command, payload: { ...command.payload, operations } };
    }
    return this.simple(command as SimpleCommand);
  }

  private simple(command: SimpleCommand): SimpleCommand {
    const { payload } = command;
    if (command.type === 'CREATE_NODE' || command.type === 'CREATE_EDGE') {
      this.names.set(payload.id, uuidV7());
    }
    const renamed: Record<string, unknown> = { ...payload };
    for (const field of ['id', 'source', 'target', 'parent']) {
      const fresh = this.names.get(String(renamed[field]));
      if (fresh !== undefined) renamed[field] = fresh;
    }
    return { ...command, payload: renamed } as SimpleCommand;
  }
}
