import { useReactFlow, useStoreApi } from '@xyflow/react';
import { useMemo } from 'react';
import { boxOf } from '../../graph/flow-model';
import { type Box, boundsOf } from '../../graph/geometry';
import type { Viewport } from '../../protocol';
import { useCanvasSession } from './canvas-state';

const PADDING = 0.08;
const CLOSEST_ZOOM = 1.1;

/** Moves the view to nodes, whether or not they are elements at the moment. */
export function useFit() {
  const session = useCanvasSession();
  const { setViewport } = useReactFlow();
  const flowStore = useStoreApi();
  return useMemo(() => {
    const fitBoxes = (boxes: Box[]) => {
      const bounds = boundsOf(boxes);
      if (bounds === undefined) return;
      const { width, height, minZoom } = flowStore.getState();
      const zoom = Math.max(
        minZoom,
        Math.min(
          CLOSEST_ZOOM,
          (width * (1 - 2 * PADDING)) / Math.max(bounds.width, 1),
          (height * (1 - 2 * PADDING)) / Math.max(bounds.height, 1),
        ),
      );
      void setViewport({
        x: width / 2 - (bounds.x + bounds.width / 2) * zoom,
        y: height / 2 - (bounds.y + bounds.height / 2) * zoom,
        zoom,
      });
    };
    const nodes = () => session.flow.store.getState().nodes;
    return {
      fitAll: () => fitBoxes(nodes().map(boxOf)),
      fitNodes: (ids: ReadonlySet<string>) =>
        fitBoxes(nodes().flatMap((node) => (ids.has(node.id) ? [boxOf(node)] : []))),
      seesSomething: ({ x, y, zoom }: Viewport) => {
        const { width, height } = flowStore.getState();
        return nodes().some((node) => {
          const box = boxOf(node);
          return (
            box.x * zoom + x < width &&
            box.y * zoom + y < height &&
            (box.x + box.width) * zoom + x > 0 &&
            (box.y + box.height) * zoom + y > 0
          );
        });
      },
    };
  }, [session, setViewport, flowStore]);
}
