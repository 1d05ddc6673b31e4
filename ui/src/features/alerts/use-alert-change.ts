import { useQueryClient } from '@tanstack/react-query';
import type { OperationName, RequestOf } from '../../protocol';
import { useRpcMutation } from '../../shared/use-rpc';

/** An operation on alerts, after which the list is read again. */
export function useAlertChange<Name extends OperationName>(operation: Name, failedTitle: string) {
  const client = useQueryClient();
  const { mutate, isPending } = useRpcMutation(operation, failedTitle);
  const change = (payload: RequestOf<Name>, onDone?: () => void) =>
    mutate(payload, {
      onSuccess: onDone,
      onSettled: () => client.invalidateQueries({ queryKey: ['alerts.list'] }),
    });
  return { change, isPending };
}
