import { useMemo } from 'react';
import { usePlatform } from './platform-context';
import { toastFailure } from './toasts';

/** Opens one more window; `undefined` where the host does not open windows. */
export function useOpenWindow(): (() => void) | undefined {
  const platform = usePlatform();
  return useMemo(() => {
    const open = platform.openWindow;
    if (open === undefined) return undefined;
    return () => {
      open().catch((cause) => toastFailure('No window was opened', cause));
    };
  }, [platform]);
}
