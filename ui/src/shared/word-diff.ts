/** What became of one run of words between two texts. */
export interface Piece {
  kind: 'same' | 'removed' | 'added';
  text: string;
}

/** Above this many word pairs the middle counts as rewritten: nobody reads such a diff. */
const PAIRS_MAX = 1_000_000;

const WORDS = /[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu;

/** The words, gaps and signs of a text; joined they are the text. */
export function wordsOf(text: string): string[] {
  return text.match(WORDS) ?? [];
}

/** What leads from one text to another, word by word. */
export function wordDiff(before: string, after: string): Piece[] {
  const old = wordsOf(before);
  const now = wordsOf(after);
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  const room = Math.min(old.length, now.length) - head;
  while (tail < room && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const pieces = new Pieces();
  pieces.push('same', old.slice(0, head));
  middle(pieces, old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  pieces.push('same', old.slice(old.length - tail));
  return pieces.list;
}

function middle(pieces: Pieces, old: string[], now: string[]): void {
  if (old.length * now.length > PAIRS_MAX) {
    pieces.push('removed', old);
    pieces.push('added', now);
    return;
  }
  const width = now.length + 1;
  // The length of the longest common subsequence of what follows each pair of places.
  const common = new Uint32Array((old.length + 1) * width);
  const at = (row: number, column: number) => common[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row -= 1) {
    for (let column = now.length - 1; column >= 0; column -= 1) {
      common[row * width + column] =
        old[row] === now[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  let row = 0;
  let column = 0;
  while (row < old.length || column < now.length) {
    const [before, after] = [old[row], now[column]];
    if (before !== undefined && before === after) {
      pieces.push('same', [before]);
      row += 1;
      column += 1;
    } else if (
      before !== undefined &&
      (after === undefined || at(row + 1, column) >= at(row, column + 1))
    ) {
      pieces.push('removed', [before]);
      row += 1;
    } else if (after !== undefined) {
      pieces.push('added', [after]);
      column += 1;
    }
  }
}

class Pieces {
  readonly list: Piece[] = [];

  push(kind: Piece['kind'], words: readonly string[]): void {
    const text = words.join('');
    if (text === '') return;
    const last = this.list.at(-1);
    if (last?.kind === kind) last.text += text;
    else this.list.push({ kind, text });
  }
}
