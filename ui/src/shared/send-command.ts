import { useMutation } from '@tanstack/react-query';
import { ApiFailure } from '../platform';
import type { Outcome, RequestOf, ResponseOf } from '../protocol';
import { usePlatform } from './platform-context';
import { toastFailure } from './toasts';

/** A refused command as the failure that it is; `undefined` if it did what it could. */
export function refusalOf(outcome: Outcome): ApiFailure | undefined {
  if (outcome.status === 'duplicate') {
    return outcome.first === undefined ? undefined : refusalOf(outcome.first);
  }
  if (outcome.status !== 'rejected') return undefined;
  const { code, message, field } = outcome;
  return new ApiFailure({ code, message, field, retryable: false, traceId: '' });
}

/** Sends single commands and waits for their outcomes; refusals are failures here. */
export function useSendCommand(failedTitle: string) {
  const platform = usePlatform();
  return useMutation<ResponseOf<'commands.send'>, ApiFailure, RequestOf<'commands.send'>>({
    mutationFn: async (payload) => {
      const sent = await platform.rpc('commands.send', payload);
      const refusal = refusalOf(sent.outcome);
      if (refusal !== undefined) throw refusal;
      return sent;
    },
    onError: (cause) => toastFailure(failedTitle, ApiFailure.from(cause)),
  });
}
