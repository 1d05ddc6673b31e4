/**
 * A connection to a graph for the Lab: the browser's own, with the same line of commands, the same
 * resuming and the same socket code, on a network with conditions.
 *
 * Its commands wait in memory only: a Lab client is gone with its page.
 */
import type { Envelope } from '../../protocol';
import { uuidV7 } from '../../shared/ids';
import type { DirectAccess, GraphConnection, GraphHandlers } from '../platform';
import type { ConditionedNetwork } from './conditioned-network';
import { type Identity, WebGraphConnection } from './graph-connection';
import { CommandLine, type Progress } from './queue/command-line';

export interface ConditionedGraphOptions {
  access: DirectAccess;
  graphId: string;
  /** What the others see. */
  name: string;
  network: ConditionedNetwork;
  handlers: GraphHandlers;
  /** How far this client's clock is ahead of the real one. */
  skewMs: () => number;
  /** Told of each command when it is made. */
  onCommand: (envelope: Envelope) => void;
}

export interface ConditionedGraph extends GraphConnection {
  /** What has no outcome yet, oldest first. */
  queue: () => { envelope: Envelope; progress: Progress }[];
}

export function openConditionedGraph(options: ConditionedGraphOptions): ConditionedGraph {
  const { graphId, network, handlers, skewMs, onCommand } = options;
  const line = new CommandLine(undefined, freshLine());
  const connection = new WebGraphConnection(
    graphId,
    identityOf(options),
    handlers,
    async () => ({ own: line, orphans: [], close: () => undefined }),
    network,
  );
  return {
    get clientId() {
      return line.clientId;
    },
    queue: () => line.queue(),
    send: (envelope) => {
      const { timestamp } = envelope;
      const told =
        timestamp === undefined ? envelope : { ...envelope, timestamp: timestamp + skewMs() };
      onCommand(told);
      connection.send(told);
    },
    requestSync: (extent) => connection.requestSync(extent),
    requestDigests: () => connection.requestDigests(),
    sendPresence: (state) => connection.sendPresence(state),
    discard: (operationId) => connection.discard(operationId),
    close: () => connection.close(),
  };
}

function identityOf({ access, name }: ConditionedGraphOptions): Identity {
  return {
    owner: undefined,
    displayName: name,
    get token() {
      return access.token();
    },
    onRenewed: access.onRenewed,
    offRenewed: access.offRenewed,
  };
}

function freshLine() {
  const lineId = uuidV7();
  return { lineId, scope: 'lab', name: lineId, rolls: 0, nextSeq: 1, touchedAt: Date.now() };
}
