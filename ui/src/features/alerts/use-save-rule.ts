import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { AlertRule } from '../../generated/AlertRule';
import type { AlertStatus } from '../../generated/AlertStatus';
import type { ApiFailure } from '../../platform';
import { usePlatform } from '../../shared/platform-context';

/** Saves a rule; the form itself shows why it could not. */
export function useSaveRule(onDone: () => void) {
  const platform = usePlatform();
  const client = useQueryClient();
  return useMutation<AlertStatus, ApiFailure, AlertRule>({
    mutationFn: (rule) => platform.rpc('alerts.save', rule),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['alerts.list'] });
      onDone();
    },
  });
}
