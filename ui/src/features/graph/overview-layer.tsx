import { useStoreApi } from '@xyflow/react';
import { useEffect, useRef } from 'react';
import type { EntityNode, FlowModel } from '../../graph/flow-model';
import { useCanvasSession } from './canvas-state';
import { kindColor } from './kind-color';
import { PacedPainter } from './paced-painter';

interface Props {
  drawNodes: boolean;
  drawEdges: boolean;
}

const DENSE_EDGES = 2_000;

/**
 * Draws the far view on one 2D canvas behind the elements: thousands of lines and blocks cost one
 * pass, not thousands of elements. It only draws; hands reach what lies above it.
 */
export function OverviewLayer({ drawNodes, drawEdges }: Props) {
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const flowStore = useStoreApi();
  const session = useCanvasSession();

  useEffect(() => {
    const canvas = canvasRef.current;
    if (canvas === null) return;
    let painted = flowStore.getState().transform;
    const painter = new PacedPainter(() => {
      const { transform, width, height } = flowStore.getState();
      painted = transform;
      canvas.style.transform = '';
      paint(canvas, session.flow, transform, { width, height }, { drawNodes, drawEdges });
    });
    let seen = flowStore.getState();
    const stopView = flowStore.subscribe((state) => {
      const moved =
        state.transform !== seen.transform ||
        state.width !== seen.width ||
        state.height !== seen.height;
      seen = state;
      if (!moved) return;
      // In the same frame as the elements move: a late canvas would swim behind them. A picture
      // that is dear to paint is moved as it is, and painted anew when there is time.
      if (!painter.dear) return painter.now();
      canvas.style.transform = between(painted, state.transform);
      painter.soon();
    });
    const stopFlow = session.flow.store.subscribe(painter.soon);
    const scheme = new MutationObserver(painter.soon);
    scheme.observe(document.documentElement, { attributeFilter: ['data-mantine-color-scheme'] });
    painter.now();
    return () => {
      stopView();
      stopFlow();
      scheme.disconnect();
      painter.stop();
    };
  }, [flowStore, session, drawNodes, drawEdges]);

  return <canvas ref={canvasRef} className="overview-layer" />;
}

type Transform = readonly [x: number, y: number, zoom: number];

/** What moves a picture painted under one view to where another view shows it. */
function between([x, y, zoom]: Transform, to: Transform): string {
  const scale = to[2] / zoom;
  return `translate(${to[0] - x * scale}px, ${to[1] - y * scale}px) scale(${scale})`;
}

interface View {
  left: number;
  top: number;
  right: number;
  bottom: number;
  zoom: number;
}

function paint(
  canvas: HTMLCanvasElement,
  flow: FlowModel,
  [x, y, zoom]: Transform,
  size: { width: number; height: number },
  what: Props,
): void {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.round(size.width * ratio);
  const height = Math.round(size.height * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(ratio * zoom, 0, 0, ratio * zoom, ratio * x, ratio * y);
  const view: View = {
    left: -x / zoom,
    top: -y / zoom,
    right: (size.width - x) / zoom,
    bottom: (size.height - y) / zoom,
    zoom,
  };
  if (what.drawEdges) paintEdges(context, flow, view);
  if (what.drawNodes) paintNodes(context, flow.store.getState().nodes, view);
}

function paintEdges(context: CanvasRenderingContext2D, flow: FlowModel, view: View): void {
  const style = getComputedStyle(context.canvas);
  const { edges } = flow.store.getState();
  const plain = new Path2D();
  const chosen = new Path2D();
  for (const edge of edges) {
    const source = flow.node(edge.source);
    const target = flow.node(edge.target);
    if (source === undefined || target === undefined) continue;
    const near = edge.selected || source.selected || target.selected;
    line(near ? chosen : plain, source, target, view);
  }
  context.lineWidth = 1 / view.zoom;
  context.strokeStyle = style.getPropertyValue('--g-edge-faint');
  // Thousands of lines would close up to one grey block; fainter ones still show where they go.
  context.globalAlpha = Math.min(1, Math.max(0.25, DENSE_EDGES / edges.length));
  context.stroke(plain);
  context.globalAlpha = 1;
  context.lineWidth = 1.5 / view.zoom;
  context.strokeStyle = style.getPropertyValue('--g-accent');
  context.stroke(chosen);
}

function line(path: Path2D, source: EntityNode, target: EntityNode, view: View): void {
  const fromX = source.position.x + (source.width ?? 0) / 2;
  const fromY = source.position.y + (source.height ?? 0) / 2;
  const toX = target.position.x + (target.width ?? 0) / 2;
  const toY = target.position.y + (target.height ?? 0) / 2;
  const outside =
    Math.max(fromX, toX) < view.left ||
    Math.min(fromX, toX) > view.right ||
    Math.max(fromY, toY) < view.top ||
    Math.min(fromY, toY) > view.bottom;
  if (outside) return;
  path.moveTo(fromX, fromY);
  path.lineTo(toX, toY);
}

function paintNodes(
  context: CanvasRenderingContext2D,
  nodes: readonly EntityNode[],
  view: View,
): void {
  for (const node of nodes) {
    const { x, y } = node.position;
    const width = node.width ?? 0;
    const height = node.height ?? 0;
    if (x > view.right || y > view.bottom || x + width < view.left || y + height < view.top) {
      continue;
    }
    context.fillStyle = kindColor(node.data.entity.kind);
    context.fillRect(x, y, width, height);
  }
}
