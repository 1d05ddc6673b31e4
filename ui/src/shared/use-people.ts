import type { SessionRow } from '../generated/SessionRow';
import { useRpcQuery } from './use-rpc';

const AGAIN_MS = 5_000;

/** Somebody in a graph, with however many windows. */
export interface Present {
  userId: string;
  name: string;
  windows: number;
  /** Names the windows. */
  clientIds: string[];
  /** When the first of the windows came. */
  since: number;
  lastActivity: number;
}

/** Who is in which graph, read again while it is shown. */
export function usePeople(options: { enabled: boolean } = { enabled: true }) {
  const query = useRpcQuery('sessions.list', {}, { refetchInterval: AGAIN_MS, ...options });
  return { query, everyMs: AGAIN_MS };
}

/** The people of each graph, those first who came first. */
export function byGraph(sessions: readonly SessionRow[]): Map<string, Present[]> {
  const graphs = new Map<string, Map<string, Present>>();
  for (const { graphId, userId, clientId, name, joinedAt, lastActivity } of sessions) {
    const people = graphs.get(graphId) ?? new Map<string, Present>();
    graphs.set(graphId, people);
    const known = people.get(userId);
    people.set(userId, {
      userId,
      name: name === '' ? userId : name,
      windows: (known?.windows ?? 0) + 1,
      clientIds: [...(known?.clientIds ?? []), clientId],
      since: Math.min(known?.since ?? joinedAt, joinedAt),
      lastActivity: Math.max(known?.lastActivity ?? 0, lastActivity),
    });
  }
  return new Map(
    [...graphs].map(([graphId, people]) => [
      graphId,
      [...people.values()].sort((left, right) => left.since - right.since),
    ]),
  );
}
