import { type UseQueryOptions, useMutation, useQuery } from '@tanstack/react-query';
import { ApiFailure } from '../platform';
import type { OperationName, RequestOf, ResponseOf } from '../protocol';
import { usePlatform } from './platform-context';
import { toastFailure } from './toasts';

type QueryOptions<Name extends OperationName> = Omit<
  UseQueryOptions<ResponseOf<Name>, ApiFailure>,
  'queryKey' | 'queryFn'
>;

/** The answer of a reading operation, cached under its name and payload. */
export function useRpcQuery<Name extends OperationName>(
  operation: Name,
  payload: RequestOf<Name>,
  options?: QueryOptions<Name>,
) {
  const platform = usePlatform();
  return useQuery<ResponseOf<Name>, ApiFailure>({
    queryKey: [operation, payload],
    queryFn: () => platform.rpc(operation, payload),
    ...options,
  });
}

/** A changing operation. Failures become a toast titled `failedTitle`. */
export function useRpcMutation<Name extends OperationName>(operation: Name, failedTitle: string) {
  const platform = usePlatform();
  return useMutation<ResponseOf<Name>, ApiFailure, RequestOf<Name>>({
    mutationFn: (payload) => platform.rpc(operation, payload),
    onError: (cause) => toastFailure(failedTitle, ApiFailure.from(cause)),
  });
}
