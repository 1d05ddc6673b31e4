import { ActionIcon, Tooltip } from '@mantine/core';
import { useLayoutEffect } from 'react';
import { Icon } from '../../shared/icons';
import { isTyping } from '../../shared/shortcuts';
import { toggleHistory, useHistoryState } from './history-state';

/** The button of the panel, and its key while the canvas is on screen. */
export function HistoryButton() {
  const open = useHistoryState((state) => state.open);
  // Before the first paint: who sees the button may use its key.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'h' || isTyping(event)) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if ((event.target as HTMLElement | null)?.closest?.('[role="dialog"]')) return;
      event.preventDefault();
      toggleHistory();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <Tooltip label="History (H)">
      <ActionIcon
        aria-label="History (H)"
        aria-pressed={open}
        data-testid="history-button"
        variant={open ? 'light' : 'subtle'}
        onClick={toggleHistory}
      >
        <Icon name="history" />
      </ActionIcon>
    </Tooltip>
  );
}
