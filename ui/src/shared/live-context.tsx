import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { type LiveState, LiveStore } from '../live/live-store';
import { usePlatform } from './platform-context';

const LiveContext = createContext<LiveStore | undefined>(undefined);

/** One live subscription for the whole console. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const platform = usePlatform();
  const [live, setLive] = useState<LiveStore>();
  useEffect(() => {
    const opened = new LiveStore(platform);
    setLive(opened);
    return () => opened.close();
  }, [platform]);
  if (live === undefined) return null;
  return <LiveContext.Provider value={live}>{children}</LiveContext.Provider>;
}

export function useLiveStore(): LiveStore {
  const live = useContext(LiveContext);
  if (live === undefined) throw new Error('no live store around this component');
  return live;
}

export function useLive<Part>(select: (state: LiveState) => Part): Part {
  return useStore(useLiveStore().store, select);
}
