/** A recorded Lab session: its format, and what is wrong with a file that is none. */
import type { CommandBody } from '../../protocol';
import { CONDITION_RANGES, isCondition } from './condition-ranges';
import type { ClientConditions } from './lab-client';

export type Step = { atMs: number; client: number } & (
  | { do: 'command'; command: CommandBody }
  | { do: 'conditions'; conditions: Partial<ClientConditions> }
);

export interface Recording {
  format: 'graphy-lab-recording';
  formatVersion: 1;
  name: string;
  /** How many clients took part. */
  clients: number;
  steps: Step[];
}

export const STEPS_MAX = 10_000;
export const FILE_CHARS_MAX = 8 * 1024 * 1024;
export const CLIENTS_MIN = 2;
export const CLIENTS_MAX = 4;
const DURATION_MS_MAX = 3_600_000;
const COMMAND_CHARS_MAX = 32 * 1024;
const NAME_CHARS_MAX = 200;
const ID_CHARS_MAX = 128;
const BATCH_MAX = 100;

/** The message names the step (counted from 1) and the field. */
export class RecordingError extends Error {}

export function parseRecording(text: string): Recording {
  if (text.length > FILE_CHARS_MAX) throw new RecordingError('the file is larger than 8 MiB');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RecordingError('the file is not JSON');
  }
  const at = new Place('');
  const file = at.object(value);
  at.onlyFields(file, ['format', 'formatVersion', 'name', 'clients', 'steps']);
  if (file.format !== 'graphy-lab-recording') at.in('format').fail('is not graphy-lab-recording');
  if (file.formatVersion !== 1) at.in('formatVersion').fail('is not 1, the one known version');
  const name = at.in('name').text(file.name, NAME_CHARS_MAX);
  const clients = at.in('clients').whole(file.clients, CLIENTS_MIN, CLIENTS_MAX);
  const list = at.in('steps').list(file.steps, STEPS_MAX);
  let before = 0;
  const steps = list.map((step, index) => {
    const checked = checkStep(step, new Place('', index + 1), clients, before);
    before = checked.atMs;
    return checked;
  });
  return { format: 'graphy-lab-recording', formatVersion: 1, name, clients, steps };
}

function checkStep(value: unknown, at: Place, clients: number, before: number): Step {
  const step = at.object(value);
  const atMs = at.in('atMs').number(step.atMs, 0, DURATION_MS_MAX);
  if (atMs < before) at.in('atMs').fail(`is before that of the step before it (${before})`);
  const client = at.in('client').whole(step.client, 0, clients - 1);
  if (step.do === 'command') {
    at.onlyFields(step, ['atMs', 'client', 'do', 'command']);
    const command = checkCommand(step.command, at.in('command'));
    return { atMs, client, do: 'command', command };
  }
  if (step.do === 'conditions') {
    at.onlyFields(step, ['atMs', 'client', 'do', 'conditions']);
    const conditions = checkConditions(step.conditions, at.in('conditions'));
    return { atMs, client, do: 'conditions', conditions };
  }
  return at.in('do').fail('is neither command nor conditions');
}

function checkConditions(value: unknown, at: Place): Partial<ClientConditions> {
  const conditions = at.object(value);
  for (const [key, one] of Object.entries(conditions)) {
    const place = at.in(key);
    if (key === 'offline') {
      if (typeof one !== 'boolean') place.fail('is neither true nor false');
    } else if (isCondition(key)) {
      const { min, max } = CONDITION_RANGES[key];
      place.number(one, min, max);
    } else place.fail('is no condition');
  }
  return conditions as Partial<ClientConditions>;
}

const SIMPLE: readonly string[] = [
  'CREATE_NODE',
  'UPDATE_NODE',
  'DELETE_NODE',
  'CREATE_EDGE',
  'UPDATE_EDGE',
  'DELETE_EDGE',
];

/** Whether commands of a type can be recorded: those that mean the same on another graph. */
export function isRecordable(type: CommandBody['type']): boolean {
  return SIMPLE.includes(type) || ['BATCH_UPDATE', 'UNDO', 'REDO'].includes(type);
}

function checkCommand(value: unknown, at: Place): CommandBody {
  const command = at.object(value);
  at.onlyFields(command, ['type', 'payload']);
  if (JSON.stringify(command).length > COMMAND_CHARS_MAX) at.fail('is larger than 32 KiB');
  const payload = at.in('payload').object(command.payload);
  const { type } = command;
  if (type === 'UNDO' || type === 'REDO') at.in('payload').onlyFields(payload, []);
  else if (type === 'BATCH_UPDATE') {
    at.in('payload').onlyFields(payload, ['operations', 'atomic']);
    if (typeof payload.atomic !== 'boolean') {
      at.in('payload.atomic').fail('is neither true nor false');
    }
    const operations = at.in('payload.operations').list(payload.operations, BATCH_MAX);
    operations.forEach((one, index) => {
      checkSimple(one, at.in(`payload.operations[${index}]`));
    });
  } else checkSimple(command, at);
  return command as unknown as CommandBody;
}

function checkSimple(value: unknown, at: Place): void {
  const { type, payload: given } = at.object(value);
  if (typeof type !== 'string' || !SIMPLE.includes(type)) {
    at.in('type').fail('is no command that can be replayed');
  }
  const payload = at.in('payload').object(given);
  at.in('payload.id').id(payload.id);
  if (type === 'CREATE_EDGE') {
    at.in('payload.source').id(payload.source);
    at.in('payload.target').id(payload.target);
  }
  if (type === 'CREATE_NODE') checkFields(payload, at.in('payload'));
  if (type === 'UPDATE_NODE' || type === 'UPDATE_EDGE') {
    const patch = at.in('payload.patch').object(payload.patch);
    checkFields(patch, at.in('payload.patch'));
  }
}

function checkFields(fields: Record<string, unknown>, at: Place): void {
  if (fields.title !== undefined) at.in('title').text(fields.title, COMMAND_CHARS_MAX);
  if (fields.data !== undefined) at.in('data').object(fields.data);
  if (fields.position === undefined) return;
  const position = at.in('position').object(fields.position);
  for (const axis of ['x', 'y']) at.in(`position.${axis}`).number(position[axis], -1e9, 1e9);
}

/** Where in the file a check is. */
class Place {
  constructor(
    private readonly path: string,
    private readonly step?: number,
  ) {}

  in(field: string): Place {
    return new Place(this.path === '' ? field : `${this.path}.${field}`, this.step);
  }

  fail(what: string): never {
    const step = this.step === undefined ? '' : `step ${this.step}: `;
    throw new RecordingError(`${step}${this.path || 'it'} ${what}`);
  }

  object(value: unknown): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.fail('is not an object');
    }
    return value as Record<string, unknown>;
  }

  onlyFields(object: Record<string, unknown>, known: readonly string[]): void {
    const unknown = Object.keys(object).find((key) => !known.includes(key));
    if (unknown !== undefined) this.in(unknown).fail('is not a known field');
  }

  list(value: unknown, countMax: number): unknown[] {
    if (!Array.isArray(value)) return this.fail('is not a list');
    if (value.length === 0) return this.fail('is empty');
    if (value.length > countMax) return this.fail(`has more than ${countMax} entries`);
    return value;
  }

  text(value: unknown, charsMax: number): string {
    if (typeof value !== 'string') return this.fail('is not a text');
    if (value.length > charsMax) return this.fail(`is longer than ${charsMax} characters`);
    return value;
  }

  id(value: unknown): void {
    if (this.text(value, ID_CHARS_MAX) === '') this.fail('is empty');
  }

  number(value: unknown, min: number, max: number): number {
    if (typeof value !== 'number' || !Number.isFinite(value)) return this.fail('is not a number');
    if (value < min || value > max) return this.fail(`is not in ${min} to ${max}`);
    return value;
  }

  whole(value: unknown, min: number, max: number): number {
    if (!Number.isInteger(value)) return this.fail('is not a whole number');
    return this.number(value, min, max);
  }
}
