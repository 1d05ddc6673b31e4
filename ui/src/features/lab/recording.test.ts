import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CommandBody } from '../../protocol';
import example from './example-recording.json';
import { Player } from './player';
import { Recorder } from './recorder';
import { parseRecording, RecordingError, STEPS_MAX, type Step } from './recording';

const rename = (id: string, title: string): CommandBody => ({
  type: 'UPDATE_NODE',
  payload: { id, patch: { title } },
});

const file = (steps: unknown, rest: object = {}) =>
  JSON.stringify({
    format: 'graphy-lab-recording',
    formatVersion: 1,
    name: 'A test',
    clients: 2,
    steps,
    ...rest,
  });

const step = (part: object = {}) => ({
  atMs: 0,
  client: 0,
  do: 'command',
  command: rename('a', 'A'),
  ...part,
});

const faultOf = (text: string): string => {
  try {
    parseRecording(text);
    return 'none';
  } catch (fault) {
    expect(fault).toBeInstanceOf(RecordingError);
    return (fault as Error).message;
  }
};

const FAULTS = (
  [
    ['{', 'the file is not JSON', 'broken JSON'],
    [file([step()], { format: 'other' }), 'format is not graphy-lab-recording', 'another format'],
    [file([step()], { formatVersion: 2 }), 'formatVersion is not 1, the one known version', 'v2'],
    [file([step()], { clients: 5 }), 'clients is not in 2 to 4', 'too many clients'],
    [file([step()], { author: 'x' }), 'author is not a known field', 'a stray field'],
    [file([]), 'steps is empty', 'nothing'],
    [file('x'), 'steps is not a list', 'no list'],
    [file([step(), 7]), 'step 2: it is not an object', 'no step'],
    [file([step({ atMs: -1 })]), 'step 1: atMs is not in 0 to 3600000', 'before the start'],
    [
      file([step({ atMs: 5 }), step({ atMs: 4 })]),
      'step 2: atMs is before that of the step before it (5)',
      'backwards',
    ],
    [file([step({ client: 2 })]), 'step 1: client is not in 0 to 1', 'an unknown client'],
    [file([step({ client: 0.5 })]), 'step 1: client is not a whole number', 'half a client'],
    [file([step({ do: 'dance' })]), 'step 1: do is neither command nor conditions', 'no deed'],
    [file([step({ extra: 1 })]), 'step 1: extra is not a known field', 'a stray field in a step'],
    [
      file([step({ command: { type: 'DELETE_GRAPH', payload: {} } })]),
      'step 1: command.type is no command that can be replayed',
      'a dangerous command',
    ],
    [
      file([step({ command: { type: 'DELETE_NODE', payload: { id: '' } } })]),
      'step 1: command.payload.id is empty',
      'no id',
    ],
    [
      file([step({ command: { type: 'UPDATE_NODE', payload: { id: 'a' } } })]),
      'step 1: command.payload.patch is not an object',
      'no patch',
    ],
    [
      file([
        step({
          command: {
            type: 'BATCH_UPDATE',
            payload: {
              atomic: true,
              operations: [
                rename('a', 'A'),
                { type: 'UPDATE_NODE', payload: { id: 'a', patch: { position: { x: 1 } } } },
              ],
            },
          },
        }),
      ]),
      'step 1: command.payload.operations[1].payload.patch.position.y is not a number',
      'half a position in a batch',
    ],
    [
      file([step({ command: rename('a', 'x'.repeat(40_000)) })]),
      'step 1: command is larger than 32 KiB',
      'a huge command',
    ],
    [
      file([{ atMs: 0, client: 1, do: 'conditions', conditions: { latencyMs: 2_001 } }]),
      'step 1: conditions.latencyMs is not in 0 to 2000',
      'a latency nobody can set',
    ],
    [
      file([{ atMs: 0, client: 1, do: 'conditions', conditions: { offline: 1 } }]),
      'step 1: conditions.offline is neither true nor false',
      'half a plug',
    ],
    [
      file([{ atMs: 0, client: 1, do: 'conditions', conditions: { toString: 1 } }]),
      'step 1: conditions.toString is no condition',
      'an unknown condition',
    ],
  ] as [string, string, string][]
).map(([text, fault, name]) => ({ text, fault, name }));

describe('a recording', () => {
  it('is read as it was written', () => {
    const recorder = new Recorder(1_000);
    recorder.conditions(1, { offline: true }, 1_010);
    recorder.command(0, rename('a', 'Anew'), 1_500.4);
    recorder.command(1, { type: 'DELETE_NODE', payload: { id: 'b' } }, 2_000);
    const made = recorder.finish('Mine', 2);
    expect(parseRecording(JSON.stringify(made))).toEqual(made);
    expect(made.steps.map(({ atMs }) => atMs)).toEqual([10, 500, 1_000]);
  });

  it('leaves out what holds for one graph and one moment only', () => {
    const recorder = new Recorder(0);
    const based = {
      type: 'UPDATE_NODE',
      payload: { id: 'a', patch: { title: 'B' }, base: { title: 'A' } },
    } as CommandBody;
    recorder.command(0, based, 1);
    recorder.command(
      0,
      { type: 'BATCH_UPDATE', payload: { operations: [based as never], atomic: false } },
      2,
    );
    recorder.command(0, { type: 'UNDO', payload: { operationId: 'o' } }, 3);
    recorder.command(
      0,
      { type: 'RESOLVE_CONFLICT', payload: { conflictId: 'c', choice: 'mine' } },
      4,
    );
    const { steps } = recorder.finish('x', 2);
    expect(steps.map((one) => one.do === 'command' && one.command)).toEqual([
      rename('a', 'B'),
      { type: 'BATCH_UPDATE', payload: { operations: [rename('a', 'B')], atomic: false } },
      { type: 'UNDO', payload: {} },
    ]);
  });

  it('takes the pull of a slider for one change', () => {
    const recorder = new Recorder(0);
    for (let at = 0; at < 500; at += 50) recorder.conditions(0, { latencyMs: at }, at);
    recorder.conditions(1, { latencyMs: 7 }, 500);
    recorder.conditions(1, { offline: true }, 501);
    const { steps } = recorder.finish('x', 2);
    expect(steps.map((one) => one.do === 'conditions' && one.conditions)).toEqual([
      { latencyMs: 250 },
      { latencyMs: 450 },
      { latencyMs: 7 },
      { offline: true },
    ]);
  });

  it('is bounded', () => {
    const recorder = new Recorder(0);
    for (let at = 0; at < STEPS_MAX + 5; at += 1) recorder.command(0, rename('a', 'A'), at);
    expect(recorder.full).toBe(true);
    expect(recorder.count).toBe(STEPS_MAX);
    const many = Array.from({ length: STEPS_MAX + 1 }, () => step());
    expect(faultOf(file(many))).toBe('steps has more than 10000 entries');
    expect(faultOf(file(many.slice(1)))).toBe('none');
  });

  it('comes with an example', () => {
    const parsed = parseRecording(JSON.stringify(example));
    expect(parsed.steps.length).toBeGreaterThan(20);
    expect(new Set(parsed.steps.map(({ client }) => client)).size).toBe(parsed.clients);
  });

  it.each(FAULTS)('says that $name is wrong', ({ text, fault }) => {
    expect(faultOf(text)).toBe(fault);
  });
});
describe('a replay', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const recorded = (steps: Step[]) => parseRecording(file(steps));
  const at = (atMs: number, command: CommandBody, client = 0): Step => ({
    atMs,
    client,
    do: 'command',
    command,
  });

  /** Plays on two actors that write down when they did what. */
  const play = (player: Player) => {
    const done: string[] = [];
    const commands: CommandBody[] = [];
    const progress: number[] = [];
    const stop = new AbortController();
    const start = performance.now();
    const actors = ['A', 'B'].map((name) => ({
      submit: (command: CommandBody) => {
        commands.push(command);
        done.push(`${name} ${performance.now() - start}`);
      },
      set: (conditions: object) => done.push(`${name} ${JSON.stringify(conditions)}`),
    }));
    let ended = false;
    const finished = player
      .play(actors, (count) => progress.push(count), stop.signal)
      .then(() => {
        ended = true;
      });
    return { done, commands, progress, stop, finished, ended: () => ended };
  };

  it('keeps order and times, at the speed that is set', async () => {
    const steps: Step[] = [
      at(0, rename('a', '1')),
      { atMs: 50, client: 1, do: 'conditions', conditions: { offline: true } },
      at(100, rename('a', '2'), 1),
      at(400, rename('a', '3')),
    ];
    const played = play(new Player(recorded(steps), 2));
    await vi.advanceTimersByTimeAsync(199);
    expect(played.done).toEqual(['A 0', 'B {"offline":true}', 'B 50']);
    await vi.advanceTimersByTimeAsync(1);
    await played.finished;
    expect(played.done.at(-1)).toBe('A 200');
    expect(played.progress).toEqual([0, 1, 2, 3, 4]);
  });

  it('takes a new speed at once', async () => {
    const player = new Player(recorded([at(0, rename('a', '1')), at(10_000, rename('a', '2'))]), 1);
    const played = play(player);
    await vi.advanceTimersByTimeAsync(5_000);
    player.speed = 10;
    await vi.advanceTimersByTimeAsync(500);
    expect(played.done).toEqual(['A 0', 'A 5500']);
    player.speed = 99;
    expect(player.speed).toBe(10);
  });

  it('stops when told to', async () => {
    const played = play(new Player(recorded([at(0, rename('a', '1')), at(900, rename('a', '2'))])));
    await vi.advanceTimersByTimeAsync(100);
    played.stop.abort();
    await played.finished;
    expect(played.done).toEqual(['A 0']);
  });

  it('gives what it creates a new id each time, and means it from then on', async () => {
    const create = (id: string): CommandBody => ({ type: 'CREATE_NODE', payload: { id } });
    const tape = recorded([
      at(0, create('new')),
      at(0, {
        type: 'CREATE_EDGE',
        payload: { id: 'edge', source: 'old', target: 'new' },
      }),
      at(0, rename('new', 'N')),
      at(0, rename('old', 'O')),
    ]);
    const first = play(new Player(tape));
    const second = play(new Player(tape));
    await Promise.all([first.finished, second.finished]);
    const payloads = first.commands.map(({ payload }) => payload as Record<string, string>);
    const [node, edge, renamed, kept] = payloads;
    expect(node?.id).not.toBe('new');
    expect(edge).toMatchObject({ source: 'old', target: node?.id });
    expect(renamed?.id).toBe(node?.id);
    expect(kept?.id).toBe('old');
    const again = second.commands.map(({ payload }) => payload as Record<string, string>);
    expect(again[0]?.id).not.toBe(node?.id);
  });
});
