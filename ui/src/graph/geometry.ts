import type { Node, Position } from '../protocol';

/** The size of a node that has none of its own; the server's drawings use the same. */
export const NODE_WIDTH = 180;
export const NODE_HEIGHT = 48;

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

/** The part of the line between two centres that lies outside both boxes; none if they cover it. */
export function lineBetween(from: Box, to: Box): [Position, Position] | undefined {
  const start = borderTowards(from, centreOf(to));
  const end = borderTowards(to, centreOf(from));
  const backwards =
    (end.x - start.x) * (centreOf(to).x - centreOf(from).x) +
      (end.y - start.y) * (centreOf(to).y - centreOf(from).y) <=
    0;
  return backwards ? undefined : [start, end];
}

function centreOf(box: Box): Position {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Where the line from the centre of `box` to `point` leaves it. */
function borderTowards(box: Box, point: Position): Position {
  const { x, y } = centreOf(box);
  const dx = point.x - x;
  const dy = point.y - y;
  const reachX = dx === 0 ? Number.POSITIVE_INFINITY : box.width / 2 / Math.abs(dx);
  const reachY = dy === 0 ? Number.POSITIVE_INFINITY : box.height / 2 / Math.abs(dy);
  const share = Math.min(reachX, reachY, 1);
  return { x: x + dx * share, y: y + dy * share };
}
