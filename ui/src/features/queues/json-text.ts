/**
 * Lays JSON out over lines without reading it as values: numbers keep every digit, and a text that
 * was cut off in the middle is laid out as far as it goes.
 */
export interface Layout {
  depth: number;
  inText: boolean;
  /** The text goes on after a backslash. */
  escaped: boolean;
  /** What was opened last and is still empty. */
  opened: boolean;
}

export const START: Layout = { depth: 0, inText: false, escaped: false, opened: false };

/** Deeper levels are not pushed further to the right: they would grow the text without bound. */
const INDENT_LEVELS_MAX = 24;

/** Lays `text` out from where `from` left off. */
export function layOut(text: string, from: Layout = START): { text: string; end: Layout } {
  const state = { ...from };
  const parts: string[] = [];
  let kept = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    if (state.inText) {
      if (state.escaped) state.escaped = false;
      else if (char === '\\') state.escaped = true;
      else if (char === '"') state.inText = false;
      continue;
    }
    const written = write(char, state);
    if (written === undefined) continue;
    parts.push(text.slice(kept, at), written);
    kept = at + 1;
  }
  parts.push(text.slice(kept));
  return { text: parts.join(''), end: state };
}

/** What stands for a character outside of texts; `undefined` if it stands for itself. */
function write(char: string, state: Layout): string | undefined {
  const first = state.opened;
  if (char === ' ' || char === '\n' || char === '\r' || char === '\t') return '';
  state.opened = char === '{' || char === '[';
  if (char === '}' || char === ']') {
    state.depth -= 1;
    return first ? char : `${lineAt(state.depth)}${char}`;
  }
  const lead = first ? lineAt(state.depth) : '';
  if (char === '"') state.inText = true;
  if (state.opened) state.depth += 1;
  if (char === ',') return `,${lineAt(state.depth)}`;
  if (char === ':') return ': ';
  return lead === '' ? undefined : `${lead}${char}`;
}

function lineAt(depth: number): string {
  return `\n${'  '.repeat(Math.max(0, Math.min(depth, INDENT_LEVELS_MAX)))}`;
}

/** Whether a text, perhaps cut off, is to be laid out as JSON. */
export function looksLikeJson(text: string, cut: boolean): boolean {
  if (cut) return /^\s*[{["]/.test(text);
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export const bytesOf = (text: string) => new TextEncoder().encode(text).length;

export type Parsed = { value: unknown } | { fault: string };

/** The value that a text stands for, or what is wrong with the text. */
export function parseJson(text: string, bytesMax: number): Parsed {
  const bytes = bytesOf(text);
  if (bytes > bytesMax) {
    return {
      fault: `Data: ${bytes.toLocaleString('en-GB')} bytes, at most ${bytesMax.toLocaleString('en-GB')}`,
    };
  }
  try {
    const value = JSON.parse(text) as unknown;
    const blurred = blurredNumber(text);
    if (blurred !== undefined) {
      return { fault: `${blurred} would lose digits here; “graphy queues” keeps them` };
    }
    return { value };
  } catch (cause) {
    return { fault: `Not JSON: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
}

/** A whole number that JavaScript cannot hold as it is written. */
function blurredNumber(text: string): string | undefined {
  const outside = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return outside
    .match(/-?\d+(?![\d.eE])/g)
    ?.find((digits) => !Number.isSafeInteger(Number(digits)));
}
