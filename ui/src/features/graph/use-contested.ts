import { useCallback, useRef, useSyncExternalStore } from 'react';
import type { ConflictRecord } from '../../protocol';
import { useCanvasSession } from './canvas-state';

const NONE: ConflictRecord[] = [];

/** The open conflicts about an entity, the same array as long as they are the same. */
export function useContested(id: string): ConflictRecord[] {
  const { marks, replica } = useCanvasSession();
  const last = useRef(NONE);
  const subscribe = useCallback(
    (listener: () => void) => marks.subscribe(id, listener),
    [marks, id],
  );
  return useSyncExternalStore(subscribe, () => {
    const now = [...replica.conflictsAbout(id)];
    const same =
      now.length === last.current.length && now.every((one, at) => one === last.current[at]);
    if (!same) last.current = now;
    return last.current;
  });
}
