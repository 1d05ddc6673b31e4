import { createStore, type StoreApi } from 'zustand/vanilla';
import { GraphSession } from '../../graph/graph-session';
import { MoveSender } from '../../graph/move-sender';
import type { DirectAccess, GraphConnection, GraphHandlers } from '../../platform';
import { openConditionedGraph } from '../../platform/web/conditioned-graph';
import {
  ConditionedNetwork,
  type Conditions,
  PERFECT,
} from '../../platform/web/conditioned-network';
import type { Progress } from '../../platform/web/queue/command-line';
import { webSockets } from '../../platform/web/transport';
import type { CommandBody, Envelope } from '../../protocol';
import { cancelFrame, scheduleFrame } from '../../shared/frame-scheduler';
import { FrameLog } from './frame-log';
import { type Numbers, Tally } from './tally';

/** What can be done to one client: its network, and its clock. */
export interface ClientConditions extends Conditions {
  /** How far its clock is ahead, in minutes. */
  skewMinutes: number;
}

export const NO_CONDITIONS: ClientConditions = { ...PERFECT, skewMinutes: 0 };

export interface QueuedCommand {
  envelope: Envelope;
  progress: Progress;
}

/** A connection whose queue can be looked at. */
export interface LabConnection extends GraphConnection {
  queue: () => QueuedCommand[];
}

/** What a connection of a Lab client needs to know of its client. */
export interface Opening {
  graphId: string;
  name: string;
  network: ConditionedNetwork;
  handlers: GraphHandlers;
  skewMs: () => number;
  onCommand: (envelope: Envelope) => void;
}

export type OpenConnection = (opening: Opening) => LabConnection;

/** Connections of this page to the real server. */
export function realConnections(access: DirectAccess): OpenConnection {
  return (opening) => openConditionedGraph({ access, ...opening });
}

export interface Look {
  conditions: ClientConditions;
  numbers: Numbers;
  queue: QueuedCommand[];
  /** Grows whenever frames have passed. */
  frames: number;
}

/**
 * One editor of the Lab: a session like that of the graph page, with a replica, a line of commands
 * and a socket of its own, on a network that can be made worse.
 */
export class LabClient {
  readonly name: string;
  readonly network: ConditionedNetwork;
  readonly session: GraphSession;
  readonly mover: MoveSender;
  readonly log = new FrameLog();
  readonly tally = new Tally();
  readonly look: StoreApi<Look>;
  private connection: LabConnection | undefined;
  private skewMinutes = 0;
  private lastOperationId = '';
  private readonly stopWatching: () => void;

  constructor(
    readonly place: number,
    graphId: string,
    origin: () => string,
    open: OpenConnection,
    private readonly onCommand: (client: LabClient, envelope: Envelope) => void,
  ) {
    this.name = clientName(place);
    this.network = new ConditionedNetwork(webSockets(origin), {
      sent: (text, delayMs) => this.note(() => this.log.add('out', text, delayMs)),
      received: (text, delayMs) => this.note(() => this.log.add('in', text, delayMs)),
      event: (what, detail) => this.note(() => this.log.event(what, detail)),
    });
    this.look = createStore(() => ({
      conditions: NO_CONDITIONS,
      numbers: this.tally.numbers,
      queue: [],
      frames: 0,
    }));
    this.session = new GraphSession(
      { openGraph: (id, handlers) => this.connect(open, id, handlers) },
      graphId,
    );
    this.mover = new MoveSender(this.session);
    this.stopWatching = this.session.status.subscribe(() => scheduleFrame(this.refresh));
  }

  /** Does a command as a person would, and says under which name. */
  submit(command: CommandBody): string {
    this.session.submit(command);
    return this.lastOperationId;
  }

  get conditions(): ClientConditions {
    return this.look.getState().conditions;
  }

  set(part: Partial<ClientConditions>): void {
    const { skewMinutes, ...network } = { ...this.conditions, ...part };
    this.skewMinutes = skewMinutes;
    this.look.setState({ conditions: { skewMinutes, ...network } });
    this.network.set(network);
    scheduleFrame(this.refresh);
  }

  /** Whether it is where the server was, with nothing of its own under way. */
  get settled(): boolean {
    const { connection, inSync, pendingCount } = this.session.status.getState();
    return connection.state === 'online' && inSync && pendingCount === 0;
  }

  close(): void {
    this.stopWatching();
    cancelFrame(this.refresh);
    this.mover.end();
    this.session.close();
  }

  private connect(open: OpenConnection, graphId: string, handlers: GraphHandlers): LabConnection {
    const { name, network } = this;
    this.connection = open({
      graphId,
      name,
      network,
      skewMs: () => this.skewMinutes * 60_000,
      onCommand: (envelope) => {
        this.lastOperationId = envelope.operationId;
        this.tally.sent(envelope.operationId);
        this.onCommand(this, envelope);
        scheduleFrame(this.refresh);
      },
      handlers: {
        ...handlers,
        onFrame: (frame) => {
          this.tally.receive(frame);
          handlers.onFrame(frame);
          scheduleFrame(this.refresh);
        },
      },
    });
    return this.connection;
  }

  private note(write: () => void): void {
    write();
    scheduleFrame(this.refresh);
  }

  private readonly refresh = () => {
    this.look.setState({
      numbers: this.tally.numbers,
      queue: this.connection?.queue() ?? [],
      frames: this.log.total,
    });
  };
}

export function clientName(place: number): string {
  return `Client ${'ABCD'[place] ?? place + 1}`;
}
