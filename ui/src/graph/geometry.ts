import type { Node, Position } from '../protocol';

/** The size of a node that has none of its own; the server's drawings use the same. */
export const NODE_WIDTH = 180;
export const NODE_HEIGHT = 40;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function sizeOf(node: Node): { width: number; height: number } {
  return {
    width: node.size?.width ?? NODE_WIDTH,
    height: node.size?.height ?? NODE_HEIGHT,
  };
}

/** The smallest box around all of `boxes`; `undefined` for none. */
export function boundsOf(boxes: Iterable<Box>): Box | undefined {
  let left = Number.POSITIVE_INFINITY;
  let top = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  let bottom = Number.NEGATIVE_INFINITY;
  for (const box of boxes) {
    left = Math.min(left, box.x);
    top = Math.min(top, box.y);
    right = Math.max(right, box.x + box.width);
    bottom = Math.max(bottom, box.y + box.height);
  }
  if (left > right) return undefined;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

export function roundPosition({ x, y }: Position): Position {
  return { x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 };
}
