import { createStore, type StoreApi } from 'zustand/vanilla';
import { ApiFailure } from '../../platform';
import type { Envelope } from '../../protocol';
import { type ClientConditions, LabClient, type OpenConnection } from './lab-client';
import { Ledger } from './ledger';
import { Player } from './player';
import { Recorder } from './recorder';
import { CLIENTS_MAX, CLIENTS_MIN, type Recording } from './recording';
import { performRun, type RunKind, type RunServer, type RunSetting, type RunState } from './run';
import { type StormOptions, storm } from './storm';

export interface LabState {
  clients: readonly LabClient[];
  run: RunState;
  /** Steps so far, while a recording is being made. */
  recording: number | undefined;
  /** What can be replayed and saved. */
  tape: Recording | undefined;
  speed: number;
}

export interface LabParts {
  graphId: string;
  origin: () => string;
  open: OpenConnection;
  server: RunServer;
}

/** Some clients on one graph, and what is done with all of them. */
export class Lab {
  readonly state: StoreApi<LabState> = createStore(() => ({
    clients: [],
    run: { phase: 'idle' },
    recording: undefined,
    tape: undefined,
    speed: 1,
  }));
  private recorder: Recorder | undefined;
  private player: Player | undefined;
  private ledger: Ledger | undefined;
  private stop = new AbortController();
  private giveUp = new AbortController();

  constructor(
    private readonly parts: LabParts,
    count = CLIENTS_MIN,
  ) {
    this.setCount(count);
  }

  get graphId(): string {
    return this.parts.graphId;
  }

  get running(): boolean {
    const { phase } = this.state.getState().run;
    return phase === 'making' || phase === 'settling' || phase === 'checking';
  }

  setCount(count: number): void {
    const { clients } = this.state.getState();
    if (this.running) return;
    const wanted = Math.min(CLIENTS_MAX, Math.max(CLIENTS_MIN, count));
    for (const client of clients.slice(wanted)) client.close();
    const kept = clients.slice(0, wanted);
    const { graphId, origin, open } = this.parts;
    const fresh = Array.from({ length: wanted - kept.length }, (_, index) => {
      const place = kept.length + index;
      return new LabClient(place, graphId, origin, open, (client, envelope) =>
        this.commandMade(client, envelope),
      );
    });
    this.state.setState({ clients: [...kept, ...fresh] });
  }

  set(client: LabClient, part: Partial<ClientConditions>): void {
    client.set(part);
    this.recorder?.conditions(client.place, part);
    this.countSteps();
  }

  /** The nodes that a storm would be about; the first by id, so that it is the same ones again. */
  targets(count: number): string[] {
    const ids = this.state.getState().clients[0]?.session.replica.nodeIds() ?? [];
    return [...ids].sort().slice(0, count);
  }

  startStorm(options: StormOptions): void {
    const { clients } = this.state.getState();
    const targets = this.targets(options.nodes);
    this.start('storm', (onProgress, signal) =>
      storm({ stormers: clients, targets, options, random: Math.random, signal, onProgress }),
    );
  }

  startReplay(): void {
    const { tape, speed } = this.state.getState();
    if (tape === undefined || this.running) return;
    if (this.state.getState().clients.length < tape.clients) this.setCount(tape.clients);
    const actors = this.state.getState().clients.map((client) => ({
      submit: (command: Parameters<LabClient['submit']>[0]) => void client.submit(command),
      set: (part: Partial<ClientConditions>) => this.set(client, part),
    }));
    const player = new Player(tape, speed);
    this.player = player;
    this.start('replay', (onProgress, signal) => player.play(actors, onProgress, signal));
  }

  setSpeed(speed: number): void {
    this.state.setState({ speed });
    if (this.player !== undefined) this.player.speed = speed;
  }

  /** First the making of commands ends; a second time, the waiting for clients. */
  stopRun(): void {
    const { phase } = this.state.getState().run;
    this.stop.abort();
    if (phase === 'settling') this.giveUp.abort();
  }

  clearRun(): void {
    if (!this.running) this.state.setState({ run: { phase: 'idle' } });
  }

  startRecording(): void {
    this.recorder = new Recorder();
    this.state.setState({ recording: 0 });
  }

  stopRecording(): void {
    const { recorder } = this;
    this.recorder = undefined;
    this.state.setState({ recording: undefined });
    if (recorder === undefined || recorder.count === 0) return;
    const name = `Lab session of ${new Date().toISOString().slice(0, 19).replace('T', ' ')}`;
    const { clients } = this.state.getState();
    this.state.setState({ tape: recorder.finish(name, clients.length) });
  }

  load(tape: Recording): void {
    this.state.setState({ tape });
  }

  close(): void {
    this.stop.abort();
    this.giveUp.abort();
    for (const client of this.state.getState().clients) client.close();
    this.state.setState({ clients: [] });
  }

  private start(kind: RunKind, make: RunSetting['make']): void {
    if (this.running) return;
    this.stop = new AbortController();
    this.giveUp = new AbortController();
    const ledger = new Ledger();
    this.ledger = ledger;
    performRun({
      kind,
      runners: this.state.getState().clients,
      server: this.parts.server,
      ledger,
      make,
      onState: (run) => this.state.setState({ run }),
      stop: this.stop.signal,
      giveUp: this.giveUp.signal,
    })
      .then(
        (result) => this.state.setState({ run: { phase: 'done', result } }),
        (cause) => {
          const { message } = ApiFailure.from(cause);
          this.state.setState({ run: { phase: 'failed', kind, message } });
        },
      )
      .finally(() => {
        this.ledger = undefined;
        this.player = undefined;
      });
  }

  private commandMade({ place }: LabClient, envelope: Envelope): void {
    this.ledger?.sent(envelope.operationId);
    this.recorder?.command(place, envelope);
    this.countSteps();
  }

  private countSteps(): void {
    if (this.recorder === undefined) return;
    this.state.setState({ recording: this.recorder.count });
    if (this.recorder.full) this.stopRecording();
  }
}
