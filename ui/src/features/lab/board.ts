/**
 * Where nodes stand on a small board: their positions are squeezed into it, each axis by itself,
 * while the chips that stand for them keep their size.
 */
import type { Position } from '../../protocol';

export interface Board {
  origin: Position;
  /** Pixels for one unit of the graph. */
  scale: Position;
  width: number;
  height: number;
}

export const CHIP_HEIGHT = 24;
const CHIP_WIDTH_MIN = 54;
const CHIP_WIDTH_MAX = 120;
const PADDING = 8;
/** Shown even if nothing stands there, so that a small change does not shake everything. */
const FRAME: Position = { x: 900, y: 420 };

/** Where a new node goes, if there is room. */
export const BOARD_MIDDLE: Position = { x: FRAME.x / 2, y: FRAME.y / 2 };

export function chipWidth({ width }: Pick<Board, 'width'>): number {
  return Math.round(Math.min(CHIP_WIDTH_MAX, Math.max(CHIP_WIDTH_MIN, width * 0.2)));
}

export function boardOf(positions: readonly Position[], width: number, height: number): Board {
  let [left, top, right, bottom] = [0, 0, FRAME.x, FRAME.y];
  for (const { x, y } of positions) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  const roomX = Math.max(1, width - 2 * PADDING - chipWidth({ width }));
  const roomY = Math.max(1, height - 2 * PADDING - CHIP_HEIGHT);
  const scale = { x: roomX / (right - left), y: roomY / (bottom - top) };
  return { origin: { x: left, y: top }, scale, width, height };
}

/** Where the chip's left upper corner is. */
export function toPixels({ origin, scale }: Board, { x, y }: Position): Position {
  return { x: PADDING + (x - origin.x) * scale.x, y: PADDING + (y - origin.y) * scale.y };
}

/** A way on the board as a way in the graph. */
export function toGraph({ scale }: Board, { x, y }: Position): Position {
  return { x: x / scale.x, y: y / scale.y };
}
