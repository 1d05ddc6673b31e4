import { describe, expect, it } from 'vitest';
import { wordDiff } from './word-diff';

const sign = { same: '', removed: '-', added: '+' } as const;
const read = (before: string, after: string) =>
  wordDiff(before, after)
    .map(({ kind, text }) => `${sign[kind]}[${text}]`)
    .join('');

describe('the word diff', () => {
  it.each([
    ['the old plan', 'the new plan', '[the ]-[old]+[new][ plan]'],
    ['one', 'one', '[one]'],
    ['', 'all new', '+[all new]'],
    ['gone', '', '-[gone]'],
    ['a b c d', 'a c d e', '[a ]-[b ][c d]+[ e]'],
    ['naïve Übung', 'naïve Übungen', '[naïve ]-[Übung]+[Übungen]'],
  ])('%j → %j', (before, after, wanted) => expect(read(before, after)).toBe(wanted));

  it('gives both texts back', () => {
    const texts = [
      '',
      'a',
      'x, y; z',
      'one two three',
      'two one  three',
      'émoji 🎉 here',
      'a\nb c',
    ];
    for (const before of texts) {
      for (const after of texts) {
        const pieces = wordDiff(before, after);
        const side = (not: string) =>
          pieces.map(({ kind, text }) => (kind === not ? '' : text)).join('');
        expect([side('added'), side('removed')]).toEqual([before, after]);
      }
    }
  });

  it('takes long rewrites as one', () => {
    const long = (word: string) =>
      Array.from({ length: 1500 }, (_, at) => `${word}${at}`).join(' ');
    const kinds = wordDiff(long('a'), long('b')).map(({ kind }) => kind);
    expect(kinds).toEqual(['removed', 'added']);
  });
});
