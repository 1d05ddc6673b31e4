import { useSession } from './active-session';

/** What a node or edge is called, if its graph is the open one; else nobody here knows. */
export function useEntityName(graphId: string, entityId: string): string | undefined {
  const session = useSession();
  if (session?.graphId !== graphId) return undefined;
  const node = session.replica.node(entityId);
  if (node !== undefined) return node.title || undefined;
  return session.replica.edge(entityId)?.label || undefined;
}
