/** Everybody changes the same few nodes at once, for a while. */
import type { CommandBody } from '../../protocol';

export interface StormOptions {
  seconds: number;
  /** Commands of each client in a second. */
  perSecond: number;
  /** How many nodes everybody fights over. */
  nodes: number;
}

export const STORM_RANGES = {
  seconds: [1, 60],
  perSecond: [1, 50],
  nodes: [1, 12],
} as const;

export interface Stormer {
  name: string;
  submit: (command: CommandBody) => void;
}

export interface StormSetting {
  stormers: readonly Stormer[];
  /** The nodes that everybody fights over. */
  targets: readonly string[];
  options: StormOptions;
  random: () => number;
  signal: AbortSignal;
  onProgress: (done: number, total: number) => void;
}

/** Resolves when the last command is made, or soon after `signal` aborts. */
export async function storm(setting: StormSetting): Promise<void> {
  const { stormers, options } = setting;
  const total = stormers.length * options.seconds * options.perSecond;
  let done = 0;
  setting.onProgress(0, total);
  const count = () => {
    done += 1;
    setting.onProgress(done, total);
  };
  await Promise.all(stormers.map((stormer) => rage(stormer, setting, count)));
}

/** One client's part: a command at a random moment of each slot, so that all drift. */
async function rage(stormer: Stormer, setting: StormSetting, count: () => void): Promise<void> {
  const { options, random, signal, targets } = setting;
  const slotMs = 1_000 / options.perSecond;
  const startedAt = performance.now();
  for (let number = 1; number <= options.seconds * options.perSecond; number += 1) {
    await until(startedAt + (number - 1 + random()) * slotMs, signal);
    if (signal.aborted) return;
    const target = targets[Math.floor(random() * targets.length)];
    if (target === undefined) return;
    stormer.submit(stormCommand(target, stormer.name, number, random));
    count();
  }
}

/** Half of them renames, for those are what people have to settle. */
export function stormCommand(
  id: string,
  name: string,
  number: number,
  random: () => number,
): CommandBody {
  const draw = random();
  const said = `${name.at(-1)}${number}`;
  if (draw < 0.5)
    return { type: 'UPDATE_NODE', payload: { id, patch: { title: `${said} storm` } } };
  if (draw < 0.8) {
    // Between the rows of a scratch graph, where nothing hides them.
    const row = random() < 0.5 ? 60 : 270;
    const position = { x: Math.round(900 * random()), y: Math.round(row + 90 * random()) };
    return { type: 'UPDATE_NODE', payload: { id, patch: { position } } };
  }
  return { type: 'UPDATE_NODE', payload: { id, patch: { data: { note: said } } } };
}

/** Waits for a moment of `performance.now()`, at most until `signal` aborts. */
export function until(at: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(0, at - performance.now()));
    signal.addEventListener('abort', end);
  });
}
