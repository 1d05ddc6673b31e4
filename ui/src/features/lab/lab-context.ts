import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import { readOnlyReason } from '../../graph/wording';
import type { Lab, LabState } from './lab';
import type { LabClient } from './lab-client';

const LabContext = createContext<Lab | undefined>(undefined);
export const LabProvider = LabContext.Provider;

export function useLab(): Lab {
  const lab = useContext(LabContext);
  if (lab === undefined) throw new Error('no lab around this component');
  return lab;
}

export function useLabState<Part>(select: (state: LabState) => Part): Part {
  return useStore(useLab().state, select);
}

/** Why no commands can be made; `undefined` if they can. */
export function useNothingToDo(): string | undefined {
  const first = useLabState(({ clients }) => clients[0]);
  const subscribe = useCallback(
    (listener: () => void) => first?.session.status.subscribe(listener) ?? (() => undefined),
    [first],
  );
  return useSyncExternalStore(subscribe, () => (first === undefined ? undefined : reasonOf(first)));
}

function reasonOf({ session }: LabClient): string | undefined {
  const { role, access, loaded, nodeCount } = session.status.getState();
  if (!loaded) return 'The graph is not loaded yet.';
  const reason = readOnlyReason(role, access);
  return reason ?? (nodeCount === 0 ? 'This graph has no nodes.' : undefined);
}

export function useRunning(): boolean {
  return useLabState(({ run }) => ['making', 'settling', 'checking'].includes(run.phase));
}
