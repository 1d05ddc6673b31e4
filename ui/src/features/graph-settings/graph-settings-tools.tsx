import { ActionIcon, Tooltip } from '@mantine/core';
import { useLayoutEffect } from 'react';
import { useSession } from '../../shared/active-session';
import { Icon } from '../../shared/icons';
import { openGraphSettings } from './open-graph-settings';

/** The button of the dialog, and its key while the canvas is on screen. */
export function GraphSettingsButton() {
  const graphId = useSession()?.graphId;
  // Before the first paint: who sees the button may use its key.
  useLayoutEffect(() => {
    if (graphId === undefined) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== ',' || !(event.ctrlKey || event.metaKey)) return;
      if ((event.target as HTMLElement | null)?.closest?.('[role="dialog"]')) return;
      event.preventDefault();
      openGraphSettings(graphId);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [graphId]);
  if (graphId === undefined) return null;
  const label = 'Settings of the graph: name, conflicts, sharing (Ctrl+,)';
  return (
    <Tooltip label={label}>
      <ActionIcon
        aria-label={label}
        data-testid="graph-settings-button"
        onClick={() => openGraphSettings(graphId)}
      >
        <Icon name="settings" />
      </ActionIcon>
    </Tooltip>
  );
}
