import { describe, expect, it } from 'vitest';
import { layOut, looksLikeJson, parseJson } from './json-text';

describe('JSON as text', () => {
  it('is laid out as JSON.stringify does, also when it comes in pieces', () => {
    const value = { a: [1, { b: 'x, y: {"q"}\\' }], empty: [], none: {}, c: null, d: '' };
    const wanted = JSON.stringify(value, null, 2);
    for (const text of [JSON.stringify(value), wanted]) {
      expect(layOut(text).text).toBe(wanted);
      for (let cut = 0; cut <= text.length; cut += 1) {
        const head = layOut(text.slice(0, cut));
        expect(head.text + layOut(text.slice(cut), head.end).text).toBe(wanted);
      }
    }
  });

  it('keeps every digit of a number', () => {
    expect(layOut('{"n":12345678901234567890}').text).toContain('12345678901234567890');
  });

  it('does not grow without bound with the depth', () => {
    const deep = '['.repeat(20_000);
    expect(layOut(deep).text.length).toBeLessThan(60 * deep.length);
  });

  it('leaves alone what is no JSON', () => {
    expect(looksLikeJson('Error: { broken', false)).toBe(false);
    expect(looksLikeJson('{"a":1}', false)).toBe(true);
    expect(looksLikeJson('{"a": [1, 2', true)).toBe(true);
  });

  it('is checked before it is sent: form, size, and numbers that would lose digits', () => {
    expect(parseJson('{"a": ', 100)).toEqual({ fault: expect.stringMatching(/^Not JSON/) });
    expect(parseJson('"ééé"', 7)).toEqual({ fault: 'Data: 8 bytes, at most 7' });
    expect(parseJson('{"n": 12345678901234567890}', 100)).toEqual({
      fault: expect.stringContaining('12345678901234567890 would lose digits'),
    });
    expect(parseJson('{"n": "12345678901234567890", "f": 0.5e300}', 100)).toEqual({
      value: { n: '12345678901234567890', f: 0.5e300 },
    });
  });
});
