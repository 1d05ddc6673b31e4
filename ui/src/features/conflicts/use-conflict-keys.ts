import { useEffect } from 'react';
import type { ListedConflict } from '../../generated/ListedConflict';
import { isTyping } from '../../shared/shortcuts';
import { SEARCH_FIELD } from './conflict-filters';
import { activate, isOpen, keyOf, tickOnly, toggleTick, useConflictView } from './conflict-view';
import type { PersonChoice } from './wording';

/** The keys of the page; with ticked conflicts, `m` and `t` mean all of these. */
export function useConflictKeys(
  rows: readonly ListedConflict[],
  choose: (choice: PersonChoice) => void,
): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event)) return;
      if ((event.target as HTMLElement | null)?.closest?.('[role="dialog"]')) return;
      if (act(event.key, rows, choose)) event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [rows, choose]);
}

function act(
  key: string,
  rows: readonly ListedConflict[],
  choose: (choice: PersonChoice) => void,
): boolean {
  const { active } = useConflictView.getState();
  const at = rows.findIndex((row) => keyOf(row) === active);
  const go = (index: number) => {
    const row = rows[Math.max(0, Math.min(index, rows.length - 1))];
    if (row !== undefined) activate(keyOf(row));
  };
  const conflict = rows[at];
  switch (key) {
    case 'j':
      go(at + 1);
      return true;
    case 'k':
      go(at < 0 ? 0 : at - 1);
      return true;
    case 'm':
      choose('mine');
      return true;
    case 't':
      choose('theirs');
      return true;
    case 'e':
      if (conflict !== undefined && isOpen(conflict)) useConflictView.setState({ editing: true });
      return true;
    case 'x':
      if (conflict !== undefined && isOpen(conflict)) toggleTick(keyOf(conflict));
      return true;
    case '/':
      document.getElementById(SEARCH_FIELD)?.focus();
      return true;
    case 'Escape':
      tickOnly([]);
      return true;
    default:
      return false;
  }
}
