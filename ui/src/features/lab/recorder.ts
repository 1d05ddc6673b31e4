import type { CommandBody, SimpleCommand } from '../../protocol';
import type { ClientConditions } from './lab-client';
import { isRecordable, type Recording, STEPS_MAX, type Step } from './recording';

/** Changes of one client's conditions that come so close together are one: a slider being pulled. */
const ONE_PULL_MS = 300;

/** Writes down what is done in the Lab, with times from its start. */
export class Recorder {
  private readonly steps: Step[] = [];

  constructor(private readonly startedAt = performance.now()) {}

  get count(): number {
    return this.steps.length;
  }

  get full(): boolean {
    return this.steps.length >= STEPS_MAX;
  }

  command(client: number, { type, payload }: CommandBody, now = performance.now()): void {
    if (this.full || !isRecordable(type)) return;
    const command = portable({ type, payload } as CommandBody);
    this.steps.push({ atMs: this.since(now), client, do: 'command', command });
  }

  conditions(client: number, part: Partial<ClientConditions>, now = performance.now()): void {
    const last = this.steps.at(-1);
    const atMs = this.since(now);
    if (
      last?.do === 'conditions' &&
      last.client === client &&
      atMs - last.atMs < ONE_PULL_MS &&
      sameKeys(last.conditions, part)
    ) {
      last.conditions = part;
    } else if (!this.full) this.steps.push({ atMs, client, do: 'conditions', conditions: part });
  }

  finish(name: string, clients: number): Recording {
    return { format: 'graphy-lab-recording', formatVersion: 1, name, clients, steps: this.steps };
  }

  private since(now: number): number {
    return Math.max(0, Math.round(now - this.startedAt));
  }
}

function sameKeys(one: object, other: object): boolean {
  return Object.keys(one).join() === Object.keys(other).join();
}

/** Without what only holds for this graph and this moment: who replays it sees other values. */
function portable(command: CommandBody): CommandBody {
  switch (command.type) {
    case 'UNDO':
    case 'REDO':
      return { type: command.type, payload: {} };
    case 'BATCH_UPDATE': {
      const { atomic } = command.payload;
      const operations = command.payload.operations.map((one) => portable(one) as SimpleCommand);
      return { type: 'BATCH_UPDATE', payload: { operations, atomic } };
    }
    case 'UPDATE_NODE':
    case 'UPDATE_EDGE': {
      const { base: _, ...payload } = command.payload;
      return { type: command.type, payload } as CommandBody;
    }
    default:
      return command;
  }
}
