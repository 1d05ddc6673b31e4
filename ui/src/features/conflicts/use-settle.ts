import { useMutation } from '@tanstack/react-query';
import { useCallback } from 'react';
import type { ListedConflict } from '../../generated/ListedConflict';
import type { SettledConflicts } from '../../generated/SettledConflicts';
import { ApiFailure, type Platform } from '../../platform';
import { usePlatform } from '../../shared/platform-context';
import { refusalOf } from '../../shared/send-command';
import { toastFailure } from '../../shared/toasts';
import { activate, keyOf, useConflictView } from './conflict-view';
import { useReadConflictsAgain } from './use-conflicts';
import { describeEnd, type PersonChoice } from './wording';

/** The server takes this many at once. */
const CALL_CONFLICTS_MAX = 100;

export interface End {
  text: string;
  failed: boolean;
}

/** Settles one conflict, goes on to the next and says how it ended. */
export function useSettleOne(rows: readonly ListedConflict[]) {
  const platform = usePlatform();
  const readAgain = useReadConflictsAgain();
  const settle = useMutation<
    SettledConflicts,
    ApiFailure,
    { conflict: ListedConflict; choice: PersonChoice; value?: unknown }
  >({
    mutationFn: async ({ conflict, choice, value }) => {
      const answer = await platform.rpc('conflicts.resolve', {
        graphId: conflict.graphId,
        conflictIds: [keyOf(conflict)],
        choice,
        ...(choice === 'edited' ? { value } : {}),
      });
      for (const { outcome } of answer.settled) {
        const refusal = refusalOf(outcome);
        if (refusal !== undefined) throw refusal;
      }
      return answer;
    },
    onSuccess: ({ settled }, { conflict, choice }) => {
      const [only] = settled;
      const end = only ? describeEnd(only.outcome).text : '';
      const what = `${conflict.note.field} of ${conflict.note.entityId}`;
      useConflictView.setState({ said: `${what}: chose ${choice}, ${end}` });
      leave(rows, conflict);
    },
    onError: (cause) => toastFailure('The conflict was not settled', cause),
    onSettled: () => readAgain(),
  });
  return settle;
}

/** The neighbour takes the place of what was settled, if the person still looks at that. */
function leave(rows: readonly ListedConflict[], settled: ListedConflict): void {
  const { active, filters, ticked } = useConflictView.getState();
  const key = keyOf(settled);
  useConflictView.setState({ ticked: new Set([...ticked].filter((other) => other !== key)) });
  if (active !== key || filters.status !== 'open') return;
  const at = rows.findIndex((row) => keyOf(row) === key);
  const next = rows[at + 1] ?? rows[at - 1];
  activate(next === undefined || at < 0 ? undefined : keyOf(next));
}

/** Settles several conflicts, graph by graph; `onEnd` hears of each. */
export function useSettleMany() {
  const platform = usePlatform();
  const readAgain = useReadConflictsAgain();
  return useCallback(
    async (
      conflicts: readonly ListedConflict[],
      choice: PersonChoice,
      onEnd: (key: string, end: End) => void,
    ) => {
      for (const [graphId, keys] of byGraph(conflicts)) {
        for (let from = 0; from < keys.length; from += CALL_CONFLICTS_MAX) {
          const part = keys.slice(from, from + CALL_CONFLICTS_MAX);
          await settlePart(platform, graphId, part, choice, onEnd);
        }
      }
      await readAgain();
    },
    [platform, readAgain],
  );
}

function byGraph(conflicts: readonly ListedConflict[]): Map<string, string[]> {
  const graphs = new Map<string, string[]>();
  for (const conflict of conflicts) {
    const keys = graphs.get(conflict.graphId) ?? [];
    keys.push(keyOf(conflict));
    graphs.set(conflict.graphId, keys);
  }
  return graphs;
}

async function settlePart(
  platform: Platform,
  graphId: string,
  conflictIds: string[],
  choice: PersonChoice,
  onEnd: (key: string, end: End) => void,
): Promise<void> {
  try {
    const { settled } = await platform.rpc('conflicts.resolve', { graphId, conflictIds, choice });
    for (const { conflictId, outcome } of settled) onEnd(conflictId, describeEnd(outcome));
  } catch (cause) {
    const { message, code } = ApiFailure.from(cause);
    for (const key of conflictIds) onEnd(key, { text: `${message} (${code})`, failed: true });
  }
}
