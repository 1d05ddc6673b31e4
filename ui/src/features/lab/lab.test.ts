import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeGraph } from '../../platform/fake';
import { Lab } from './lab';
import type { OpenConnection } from './lab-client';
import { seedOperations } from './lab-server';
import { Ledger } from './ledger';
import { performRun, type RunResult, type RunServer } from './run';
import { stormCommand } from './storm';
import { Tally } from './tally';

const OPTIONS = { seconds: 2, perSecond: 10, nodes: 2 };

describe('the lab', () => {
  let graph: FakeGraph;
  let lab: Lab;
  let history: string[];
  let server: RunServer;

  const report = (checksum: string) => ({
    graphId: 'g',
    epoch: 'epoch-1',
    version: graph.state.version,
    nodes: 12,
    edges: 12,
    storedChecksum: checksum,
    computedChecksum: checksum,
    matches: true,
  });

  const open: OpenConnection = ({ handlers, onCommand }) => {
    const connection = graph.open(handlers);
    return Object.assign(connection, {
      queue: () => [],
      send: (envelope: Parameters<typeof connection.send>[0]) => {
        onCommand(envelope);
        Object.getPrototypeOf(connection).send.call(connection, envelope);
      },
    });
  };

  const result = (): RunResult => {
    const { run } = lab.state.getState();
    if (run.phase !== 'done') throw new Error(`the run is ${run.phase}`);
    return run.result;
  };

  beforeEach(() => {
    vi.useFakeTimers();
    graph = new FakeGraph('g', 'Lab');
    for (const command of seedOperations()) graph.edit(command);
    history = [];
    server = {
      verify: async () => report(graph.state.checksum),
      history: async () => history,
    };
    lab = new Lab({
      graphId: 'g',
      origin: () => 'http://127.0.0.1:1',
      open,
      server: {
        verify: () => server.verify(),
        history: async (since) => {
          // What the fake server has applied, as its history would name it.
          const landed = new Set(
            graph
              .landed(graph.received.map(({ operationId }) => operationId))
              .flatMap((one) => (one.outcome.status === 'rejected' ? [] : [one.operationId])),
          );
          history = [...landed];
          return server.history(since);
        },
      },
    });
  });

  afterEach(() => {
    lab.close();
    vi.useRealTimers();
  });

  it('begins with two clients that agree, and takes up to four', async () => {
    await vi.advanceTimersByTimeAsync(100);
    const { clients } = lab.state.getState();
    expect(clients.map(({ name, settled }) => `${name} ${settled}`)).toEqual([
      'Client A true',
      'Client B true',
    ]);
    lab.setCount(9);
    expect(graph.connections.size).toBe(4);
    expect(lab.state.getState().clients.slice(0, 2)).toEqual(clients);
    lab.setCount(1);
    expect(graph.connections.size).toBe(2);
  });

  it('keeps the books of a storm', async () => {
    lab.setCount(3);
    await vi.advanceTimersByTimeAsync(100);
    lab.startStorm(OPTIONS);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(lab.state.getState().run).toMatchObject({ phase: 'making', total: 60 });
    lab.setCount(2);
    expect(lab.state.getState().clients.length).toBe(3);
    await vi.advanceTimersByTimeAsync(2_000);
    const { commands, applied, merged, conflicts, rejected, ...rest } = result();
    expect(commands).toBe(60);
    expect(applied + merged + conflicts + rejected).toBe(60);
    expect(rest).toMatchObject({ unanswered: 0, lost: 0, doubled: 0, revived: 0, agreed: true });
    expect(rest.convergedMs).toBeGreaterThanOrEqual(0);
    const touched = graph.received.map(({ payload }) => (payload as { id: string }).id);
    expect([...new Set(touched)].sort()).toEqual(['lab-01', 'lab-02']);
  });

  it('says what the server has lost or done twice', async () => {
    await vi.advanceTimersByTimeAsync(100);
    server.history = async () => [...history.slice(1), ...history.slice(-1)];
    lab.startStorm(OPTIONS);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(result()).toMatchObject({ lost: 1, doubled: 1 });
  });

  it('says that the server has something else', async () => {
    await vi.advanceTimersByTimeAsync(100);
    server.verify = async () => report('0123456789abcdef');
    lab.startStorm(OPTIONS);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(result()).toMatchObject({ agreed: false, serverChecksum: '0123456789abcdef', lost: 0 });
  });

  it('waits for answers until a person gives up; what is open then is lost', async () => {
    await vi.advanceTimersByTimeAsync(100);
    graph.pause();
    lab.startStorm(OPTIONS);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(lab.state.getState().run).toMatchObject({
      phase: 'settling',
      open: 40,
      waitsFor: ['Client A', 'Client B'],
    });
    lab.stopRun();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(result()).toMatchObject({ convergedMs: undefined, agreed: false, lost: 40 });
  });

  it('ends a storm early', async () => {
    await vi.advanceTimersByTimeAsync(100);
    lab.startStorm(OPTIONS);
    await vi.advanceTimersByTimeAsync(1_000);
    lab.stopRun();
    await vi.advanceTimersByTimeAsync(1_000);
    const { commands, stopped, lost } = result();
    expect(commands).toBeGreaterThan(10);
    expect(commands).toBeLessThan(30);
    expect([stopped, lost]).toEqual([true, 0]);
  });

  it('says why a result cannot be checked', async () => {
    await vi.advanceTimersByTimeAsync(100);
    server.verify = () => Promise.reject(new Error('the server cannot be reached'));
    lab.startStorm(OPTIONS);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(lab.state.getState().run).toEqual({
      phase: 'failed',
      kind: 'storm',
      message: 'the server cannot be reached',
    });
  });

  it('records what is done and does it again', async () => {
    await vi.advanceTimersByTimeAsync(100);
    lab.startRecording();
    const [a, b] = lab.state.getState().clients;
    a?.submit({ type: 'UPDATE_NODE', payload: { id: 'lab-01', patch: { title: 'Once' } } });
    await vi.advanceTimersByTimeAsync(400);
    if (b) lab.set(b, { latencyMs: 120, skewMinutes: -3 });
    b?.submit({ type: 'UPDATE_NODE', payload: { id: 'lab-02', patch: { title: 'Twice' } } });
    expect(lab.state.getState().recording).toBe(3);
    lab.stopRecording();
    const { tape } = lab.state.getState();
    expect(tape?.steps.map((step) => [step.atMs, step.client, step.do])).toEqual([
      [0, 0, 'command'],
      [400, 1, 'conditions'],
      [400, 1, 'command'],
    ]);
    graph.edit({ type: 'UPDATE_NODE', payload: { id: 'lab-01', patch: { title: 'Other' } } });
    await vi.advanceTimersByTimeAsync(100);
    if (b) lab.set(b, { latencyMs: 0, skewMinutes: 0 });
    lab.setSpeed(10);
    lab.startReplay();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(result()).toMatchObject({ kind: 'replay', commands: 2, lost: 0, agreed: true });
    expect(graph.state.nodes.get('lab-01')?.entity.title).toBe('Once');
    expect(b?.conditions).toMatchObject({ latencyMs: 120, skewMinutes: -3 });
  });
});

describe('a run', () => {
  it('waits for the answers of what has landed already', async () => {
    const tally = new Tally();
    const ledger = new Ledger();
    const phases: string[] = [];
    const status = { version: 3, checksum: 'c', connection: { state: 'online' } as const };
    const verified = { version: 3, storedChecksum: 'c', computedChecksum: 'c', matches: true };
    const done = performRun({
      kind: 'storm',
      runners: [
        {
          name: 'Client A',
          tally,
          settled: true,
          session: { status: { getState: () => status, subscribe: () => () => undefined } },
        },
      ],
      server: {
        verify: async () => ({ graphId: 'g', epoch: 'e', nodes: 1, edges: 0, ...verified }),
        history: async () => ['o'],
      },
      ledger,
      make: async () => {
        ledger.sent('o');
        tally.sent('o');
      },
      onState: ({ phase }) => phases.push(phase),
      stop: new AbortController().signal,
      giveUp: new AbortController().signal,
    });
    await Promise.resolve();
    await Promise.resolve();
    expect(phases).toEqual(['settling']);
    const outcome = { status: 'applied', version: 3 } as const;
    tally.receive({ type: 'command_result', operationId: 'o', outcome });
    expect(await done).toMatchObject({ commands: 1, applied: 1, lost: 0, agreed: true });
    expect(phases.at(-1)).toBe('checking');
  });
});

describe('a command of a storm', () => {
  it.each([
    [[0.1], { title: 'B7 storm' }],
    [[0.6, 0.5, 0.5, 1], { position: { x: 450, y: 360 } }],
    [[0.9], { data: { note: 'B7' } }],
  ])('drawn as %j', (draws, patch) => {
    const left = [...draws];
    const made = stormCommand('n', 'Client B', 7, () => left.shift() ?? 0);
    expect(made).toEqual({ type: 'UPDATE_NODE', payload: { id: 'n', patch } });
  });
});
