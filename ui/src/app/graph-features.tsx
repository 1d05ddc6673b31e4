import { lazy, type ReactNode, Suspense, useMemo } from 'react';
import { GraphSettingsButton } from '../features/graph-settings/graph-settings-tools';
import { useHistoryState } from '../features/history/history-state';
import { HistoryButton } from '../features/history/history-tools';
import { type GraphSlots, GraphSlotsProvider } from '../shared/graph-slots';

const HistoryPanel = lazy(() => import('../features/history/history-panel'));

/** Puts history and settings on the graph page, which knows neither. */
export function GraphFeatures({ children }: { children: ReactNode }) {
  const slots = useMemo<GraphSlots>(
    () => ({
      tools: (
        <>
          <span className="toolbar-line" />
          <HistoryButton />
          <GraphSettingsButton />
        </>
      ),
      side: <Side />,
    }),
    [],
  );
  return <GraphSlotsProvider value={slots}>{children}</GraphSlotsProvider>;
}

function Side() {
  const history = useHistoryState((state) => state.open);
  if (!history) return null;
  return (
    <Suspense fallback={null}>
      <HistoryPanel />
    </Suspense>
  );
}
