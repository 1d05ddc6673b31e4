import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { Lab, LabState } from './lab';

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

export function useRunning(): boolean {
  return useLabState(({ run }) => ['making', 'settling', 'checking'].includes(run.phase));
}
