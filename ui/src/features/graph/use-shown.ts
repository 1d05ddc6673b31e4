import { useStoreApi } from '@xyflow/react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { EntityEdge, EntityNode } from '../../graph/flow-model';
import {
  LARGE_GRAPH_NODES,
  LARGE_LOW_DETAIL_ZOOM,
  LOW_DETAIL_ZOOM,
  SMALL_GRAPH_NODES,
  useCanvasSession,
  useCanvasState,
} from './canvas-state';

export type GraphSize = 'small' | 'middle' | 'large';

export interface Shown {
  nodes: EntityNode[];
  edges: EntityEdge[];
  size: GraphSize;
  /** What the canvas behind draws because no element does. */
  drawNodes: boolean;
  drawEdges: boolean;
}

interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const NOTHING: never[] = [];
const MARGIN_PIXELS = 400;

/**
 * Decides what becomes elements, by the size of the graph and the zoom:
 * - small: everything;
 * - middle: nodes, which the canvas library culls (from afar they are plain blocks), and the edges
 *   between nodes around the view; all edges are painted faintly behind;
 * - large: the same, but only nodes around the view, and from afar none: everything is painted.
 */
export function useShown(): Shown {
  const session = useCanvasSession();
  const nodes = useStore(session.flow.store, (flow) => flow.nodes);
  const edges = useStore(session.flow.store, (flow) => flow.edges);
  const size = sizeOfGraph(nodes.length);
  const detail = useDetail(size);
  const area = useArea(size !== 'small' && detail === 'full');
  return useMemo(() => {
    const low = detail === 'low';
    if (size === 'small') return { nodes, edges, size, drawNodes: false, drawEdges: false };
    if (low || area === undefined) {
      const blocks = size === 'middle' ? nodes : NOTHING;
      return { nodes: blocks, edges: NOTHING, size, drawNodes: size === 'large', drawEdges: true };
    }
    const near = nodes.filter((node) => touches(node, area));
    const ids = new Set(near.map(({ id }) => id));
    const between = edges.filter(({ source, target }) => ids.has(source) && ids.has(target));
    const elements = size === 'middle' ? nodes : near;
    return { nodes: elements, edges: between, size, drawNodes: false, drawEdges: true };
  }, [nodes, edges, size, detail, area]);
}

function sizeOfGraph(count: number): GraphSize {
  if (count <= SMALL_GRAPH_NODES) return 'small';
  return count <= LARGE_GRAPH_NODES ? 'middle' : 'large';
}

function touches(node: EntityNode, area: Area): boolean {
  const { x, y } = node.position;
  return (
    x < area.right &&
    y < area.bottom &&
    x + (node.width ?? 0) > area.left &&
    y + (node.height ?? 0) > area.top
  );
}

function useDetail(size: GraphSize) {
  const detail = useCanvasState((state) => state.detail);
  const flowStore = useStoreApi();
  const threshold = size === 'large' ? LARGE_LOW_DETAIL_ZOOM : LOW_DETAIL_ZOOM;
  const update = useCallback(
    (zoom: number) => {
      const wanted = size !== 'small' && zoom < threshold ? 'low' : 'full';
      if (useCanvasState.getState().detail !== wanted) useCanvasState.setState({ detail: wanted });
    },
    [size, threshold],
  );
  useEffect(() => {
    update(flowStore.getState().transform[2]);
    return flowStore.subscribe((state) => update(state.transform[2]));
  }, [update, flowStore]);
  return detail;
}

/** The part of the plane around the view, renewed only when the view comes near its border. */
function useArea(wanted: boolean): Area | undefined {
  const flowStore = useStoreApi();
  const [area, setArea] = useState<Area>();
  const latest = useRef<Area>(undefined);
  const update = useCallback(() => {
    const { transform, width, height } = flowStore.getState();
    const [x, y, zoom] = transform;
    const view = {
      left: -x / zoom,
      top: -y / zoom,
      right: (width - x) / zoom,
      bottom: (height - y) / zoom,
    };
    const held = latest.current;
    const inside =
      held !== undefined &&
      view.left >= held.left &&
      view.top >= held.top &&
      view.right <= held.right &&
      view.bottom <= held.bottom;
    const tooWide = held !== undefined && held.right - held.left > 3 * (view.right - view.left);
    if (inside && !tooWide) return;
    const margin = MARGIN_PIXELS / zoom;
    latest.current = {
      left: view.left - margin,
      top: view.top - margin,
      right: view.right + margin,
      bottom: view.bottom + margin,
    };
    setArea(latest.current);
  }, [flowStore]);
  useEffect(() => {
    if (!wanted) return;
    update();
    let { transform, width } = flowStore.getState();
    return flowStore.subscribe((state) => {
      if (state.transform === transform && state.width === width) return;
      ({ transform, width } = state);
      update();
    });
  }, [wanted, update, flowStore]);
  return area;
}
