/** The last frames that passed a client, for people to read. No token is ever kept. */

export type Direction = 'out' | 'in' | 'link';

export interface LoggedFrame {
  /** Counts from 1 and never starts again. */
  number: number;
  at: number;
  direction: Direction;
  type: string;
  bytes: number;
  /** How long it was held on the way. */
  delayMs: number;
  /** At most `TEXT_MAX` characters of it. */
  text: string;
}

export const FRAMES_MAX = 500;
export const TEXT_MAX = 64 * 1024;

const TYPE_AT_START = /^\{"type":"([a-z_]{1,40})"/;
const MODE = /"mode":"([a-z_]{1,20})"/;

export class FrameLog {
  private frames: LoggedFrame[] = [];
  private count = 0;

  /** Oldest first; a new array after each change. */
  get list(): readonly LoggedFrame[] {
    return this.frames;
  }

  get total(): number {
    return this.count;
  }

  add(direction: Direction, text: string, delayMs: number, at = Date.now()): void {
    const shown = direction === 'out' ? withoutToken(text) : text;
    this.push({
      at,
      direction,
      type: typeOf(text),
      bytes: utf8Length(text),
      delayMs: Math.round(delayMs),
      text: shown.slice(0, TEXT_MAX),
    });
  }

  /** Something that happened to the connection itself. */
  event(what: string, detail = '', at = Date.now()): void {
    this.push({ at, direction: 'link', type: what, bytes: 0, delayMs: 0, text: detail });
  }

  clear(): void {
    this.frames = [];
  }

  private push(frame: Omit<LoggedFrame, 'number'>): void {
    this.count += 1;
    const kept = this.frames.length < FRAMES_MAX ? this.frames : this.frames.slice(1);
    this.frames = [...kept, { number: this.count, ...frame }];
  }
}

function typeOf(text: string): string {
  const type = TYPE_AT_START.exec(text)?.[1] ?? 'unknown';
  const mode = type === 'sync' ? MODE.exec(text.slice(0, 200))?.[1] : undefined;
  return mode === undefined ? type : `${type} ${mode}`;
}

function withoutToken(text: string): string {
  if (!text.includes('"token"')) return text;
  try {
    return JSON.stringify(JSON.parse(text), (key, value) => (key === 'token' ? '•••' : value));
  } catch {
    return '';
  }
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** A frame as people read it, and whether all of it is there. */
export function pretty({ text, bytes }: LoggedFrame): { text: string; whole: boolean } {
  try {
    const lines = JSON.stringify(JSON.parse(text), null, 2);
    return { text: lines.slice(0, TEXT_MAX), whole: lines.length <= TEXT_MAX };
  } catch {
    return { text, whole: bytes <= text.length };
  }
}
