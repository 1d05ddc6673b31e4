import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useSendCommand } from '../../shared/send-command';

/** Sends a change of the graph's settings and shows what came of it. */
export function useChange(graphId: string, failedTitle: string) {
  const client = useQueryClient();
  const send = useSendCommand(failedTitle);
  const { mutate, isPending } = send;
  const change = useCallback(
    (type: 'UPDATE_GRAPH' | 'UPDATE_PERMISSIONS', payload: unknown, onDone?: () => void) =>
      mutate(
        { graphId, type, payload },
        {
          onSuccess: onDone,
          onSettled: () => {
            void client.invalidateQueries({ queryKey: ['graph.settings'] });
            void client.invalidateQueries({ queryKey: ['graphs.list'] });
          },
        },
      ),
    [mutate, client, graphId],
  );
  return { change, isPending };
}
