import './presence.css';
import { useStoreApi } from '@xyflow/react';
import { useEffect, useRef } from 'react';
import { useCanvasSession } from './canvas-state';
import { PeerPainter } from './peer-painter';

/** Other people's cursors and selections, over the graph. Hands reach what lies below. */
export function PeerLayer() {
  const planeRef = useRef<HTMLDivElement>(null);
  const flowStore = useStoreApi();
  const session = useCanvasSession();
  useEffect(() => {
    const plane = planeRef.current;
    if (plane === null) return;
    const painter = new PeerPainter(plane, session.peers, session.flow);
    let { transform } = flowStore.getState();
    painter.lookFrom(...transform);
    const stopView = flowStore.subscribe((state) => {
      if (state.transform === transform) return;
      ({ transform } = state);
      painter.lookFrom(...transform);
    });
    return () => {
      stopView();
      painter.stop();
    };
  }, [flowStore, session]);
  return (
    <div className="peer-layer" data-testid="peer-layer" aria-hidden="true">
      <div ref={planeRef} className="peer-plane" />
    </div>
  );
}
