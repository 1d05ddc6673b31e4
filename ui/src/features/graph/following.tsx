import { useReactFlow } from '@xyflow/react';
import { useEffect } from 'react';
import { create, useStore } from 'zustand';
import type { Viewport } from '../../protocol';
import { peerColor } from '../../shared/peer-color';
import { useCanvasSession } from './canvas-state';

/** Whose view this window follows. */
export const useFollow = create<{ sessionId: string | undefined }>(() => ({
  sessionId: undefined,
}));

export function follow(sessionId: string): void {
  useFollow.setState({ sessionId });
}

export function stopFollowing(): void {
  if (useFollow.getState().sessionId !== undefined) useFollow.setState({ sessionId: undefined });
}

const GLIDE_MS = 100;

/**
 * While somebody is followed, this window looks where they look, and a frame in their colour says
 * so. Escape ends it, and so does moving the view oneself.
 */
export function Following() {
  const { peers } = useCanvasSession();
  const { setViewport } = useReactFlow();
  const sessionId = useFollow((state) => state.sessionId);
  const followed = useStore(peers.roster, ({ present }) =>
    present.find((one) => one.sessionId === sessionId),
  );
  const gone = sessionId !== undefined && followed === undefined;

  useEffect(() => {
    if (gone) stopFollowing();
  }, [gone]);
  useEffect(() => stopFollowing, []);
  useEffect(() => {
    if (sessionId === undefined) return;
    let shown: Viewport | undefined;
    const look = () => {
      const viewport = peers.get(sessionId)?.state.viewport;
      if (viewport === undefined || same(viewport, shown)) return;
      shown = viewport;
      void setViewport(viewport, { duration: GLIDE_MS });
    };
    look();
    return peers.onMove(look);
  }, [sessionId, peers, setViewport]);
  useEffect(() => {
    if (sessionId === undefined) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      // Only the following ends; the selection stays for the next Escape.
      event.stopPropagation();
      stopFollowing();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, [sessionId]);

  if (followed === undefined) return null;
  return (
    <div
      className="follow-frame"
      data-testid="follow-frame"
      style={{ '--peer': peerColor(followed.color) } as React.CSSProperties}
    >
      <span role="status">
        Following {followed.name} – <kbd>Esc</kbd> to stop
      </span>
    </div>
  );
}

function same(one: Viewport, other: Viewport | undefined): boolean {
  return one.x === other?.x && one.y === other.y && one.zoom === other.zoom;
}
