import { createContext, type ReactNode, useContext } from 'react';

/** What other features put on the graph page. The app fills the slots: features know no other. */
export interface GraphSlots {
  /** More tools, at the end of the tool bar. */
  tools?: ReactNode;
  /** A panel beside the canvas. */
  side?: ReactNode;
}

const Slots = createContext<GraphSlots>({});
export const GraphSlotsProvider = Slots.Provider;

export function useGraphSlots(): GraphSlots {
  return useContext(Slots);
}
