import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { GraphSession, type GraphStatus } from '../graph/graph-session';
import { usePlatform } from './platform-context';

const SessionContext = createContext<GraphSession | undefined>(undefined);

/**
 * Keeps the open graph alive across pages, so that leaving the canvas never interrupts saving.
 */
export function SessionProvider(props: { graphId: string | undefined; children: ReactNode }) {
  const platform = usePlatform();
  const [session, setSession] = useState<GraphSession>();
  const { graphId } = props;
  useEffect(() => {
    if (graphId === undefined) return;
    const opened = new GraphSession(platform, graphId);
    setSession(opened);
    return () => {
      opened.close();
      setSession(undefined);
    };
  }, [platform, graphId]);
  useUnloadWarning(session);
  const current = session?.graphId === graphId ? session : undefined;
  return <SessionContext.Provider value={current}>{props.children}</SessionContext.Provider>;
}

export function useSession(): GraphSession | undefined {
  return useContext(SessionContext);
}

export function useGraphStatus<Part>(
  session: GraphSession,
  select: (status: GraphStatus) => Part,
): Part {
  return useStore(session.status, select);
}

/** Only where the browser could not write unsent edits down would leaving lose them. */
function useUnloadWarning(session: GraphSession | undefined): void {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      const lost = session !== undefined && !session.status.getState().durable;
      if (lost && session.replica.pendingCount > 0) event.preventDefault();
    };
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [session]);
}
