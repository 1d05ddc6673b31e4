import { useReactFlow, useStoreApi } from '@xyflow/react';
import { type PointerEvent, useEffect, useRef } from 'react';
import { boxOf, type EntityNode } from '../../graph/flow-model';
import { type Box, boundsOf } from '../../graph/geometry';
import { useCanvasSession } from './canvas-state';
import { kindColor } from './kind-color';
import { PacedPainter } from './paced-painter';

const WIDTH = 176;
const HEIGHT = 112;
const MARGIN = 6;

interface Fit {
  scale: number;
  left: number;
  top: number;
}

/** The whole graph small, with the part in view; pressing or dragging goes there. */
export function MiniMap() {
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const fitRef = useRef<Fit>({ scale: 1, left: 0, top: 0 });
  const flowStore = useStoreApi();
  const { setCenter, getZoom } = useReactFlow();
  const session = useCanvasSession();

  useEffect(() => {
    const canvas = canvasRef.current;
    if (canvas === null) return;
    const painter = new PacedPainter(() => {
      const { transform, width, height } = flowStore.getState();
      const [x, y, zoom] = transform;
      const view = { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
      fitRef.current = paint(canvas, session.flow.store.getState().nodes, view);
    });
    let transform = flowStore.getState().transform;
    const stopView = flowStore.subscribe((state) => {
      if (state.transform !== transform) painter.soon();
      transform = state.transform;
    });
    const stopFlow = session.flow.store.subscribe(painter.soon);
    const scheme = new MutationObserver(painter.soon);
    scheme.observe(document.documentElement, { attributeFilter: ['data-mantine-color-scheme'] });
    painter.soon();
    return () => {
      stopView();
      stopFlow();
      scheme.disconnect();
      painter.stop();
    };
  }, [flowStore, session]);

  const goTo = (event: PointerEvent<HTMLCanvasElement>) => {
    if (event.buttons !== 1) return;
    const area = event.currentTarget.getBoundingClientRect();
    const { scale, left, top } = fitRef.current;
    const x = (event.clientX - area.left - left) / scale;
    const y = (event.clientY - area.top - top) / scale;
    void setCenter(x, y, { zoom: getZoom(), duration: 0 });
  };

  return (
    <canvas
      ref={canvasRef}
      className="mini-map"
      style={{ width: WIDTH, height: HEIGHT }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        goTo(event);
      }}
      onPointerMove={goTo}
      role="img"
      aria-label="Map of the whole graph"
    />
  );
}

function paint(canvas: HTMLCanvasElement, nodes: readonly EntityNode[], view: Box): Fit {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  if (canvas.width !== WIDTH * ratio) {
    canvas.width = WIDTH * ratio;
    canvas.height = HEIGHT * ratio;
  }
  const fit = fitInto(boundsOf([...nodes.map(boxOf), view]) ?? view);
  const { scale, left, top } = fit;
  const context = canvas.getContext('2d');
  if (context === null) return fit;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, WIDTH, HEIGHT);
  for (const node of nodes) {
    const box = boxOf(node);
    context.fillStyle = kindColor(node.data.entity.kind);
    const width = Math.max(1.5, box.width * scale);
    const height = Math.max(1.5, box.height * scale);
    context.fillRect(left + box.x * scale, top + box.y * scale, width, height);
  }
  context.strokeStyle = getComputedStyle(canvas).getPropertyValue('--g-text');
  context.lineWidth = 1.2;
  const corner = [left + view.x * scale, top + view.y * scale] as const;
  context.strokeRect(...corner, view.width * scale, view.height * scale);
  return fit;
}

function fitInto(whole: Box): Fit {
  const scale = Math.min(
    (WIDTH - 2 * MARGIN) / Math.max(whole.width, 1),
    (HEIGHT - 2 * MARGIN) / Math.max(whole.height, 1),
  );
  return {
    scale,
    left: (WIDTH - whole.width * scale) / 2 - whole.x * scale,
    top: (HEIGHT - whole.height * scale) / 2 - whole.y * scale,
  };
}
