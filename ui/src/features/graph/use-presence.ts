import { useStoreApi } from '@xyflow/react';
import { useEffect } from 'react';
import { useCanvasSession } from './canvas-state';

/** Nobody has touched the page for this long: the others see that. */
const IDLE_MS = 60_000;

/** Tells the others where this person points, what they have chosen and where they look. */
export function useSharedPresence(): void {
  useSharedCursor();
  useSharedView();
  useSharedRest();
}

function useSharedCursor(): void {
  const { presence } = useCanvasSession();
  const flowStore = useStoreApi();
  useEffect(() => {
    const { domNode } = flowStore.getState();
    if (domNode === null) return;
    const onMove = (event: PointerEvent) => {
      const [x, y, zoom] = flowStore.getState().transform;
      const { left, top } = domNode.getBoundingClientRect();
      presence.point({ x: (event.clientX - left - x) / zoom, y: (event.clientY - top - y) / zoom });
    };
    const onLeave = () => presence.point(undefined);
    domNode.addEventListener('pointermove', onMove);
    domNode.addEventListener('pointerleave', onLeave);
    return () => {
      domNode.removeEventListener('pointermove', onMove);
      domNode.removeEventListener('pointerleave', onLeave);
      onLeave();
    };
  }, [presence, flowStore]);
}

function useSharedView(): void {
  const { presence, flow } = useCanvasSession();
  const flowStore = useStoreApi();
  useEffect(() => {
    const choose = () => {
      const { nodes } = flow.store.getState();
      presence.choose(nodes.filter((node) => node.selected).map(({ id }) => id));
    };
    const look = () => {
      const [x, y, zoom] = flowStore.getState().transform;
      presence.look({ x, y, zoom });
    };
    let { nodes } = flow.store.getState();
    let { transform } = flowStore.getState();
    const stopFlow = flow.store.subscribe((state) => {
      if (state.nodes === nodes) return;
      ({ nodes } = state);
      choose();
    });
    const stopView = flowStore.subscribe((state) => {
      if (state.transform === transform) return;
      ({ transform } = state);
      look();
    });
    choose();
    look();
    return () => {
      stopFlow();
      stopView();
    };
  }, [presence, flow, flowStore]);
}

function useSharedRest(): void {
  const { presence } = useCanvasSession();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const act = () => {
      clearTimeout(timer);
      presence.rest(document.hidden);
      timer = setTimeout(() => presence.rest(true), IDLE_MS);
    };
    const signs = ['pointermove', 'pointerdown', 'keydown', 'wheel'] as const;
    for (const sign of signs) window.addEventListener(sign, act, { passive: true });
    document.addEventListener('visibilitychange', act);
    act();
    return () => {
      clearTimeout(timer);
      for (const sign of signs) window.removeEventListener(sign, act);
      document.removeEventListener('visibilitychange', act);
      // On another page of the console this person is here, but not at the canvas.
      presence.rest(true);
    };
  }, [presence]);
}
