import { describe, expect, it } from 'vitest';
import type { ServerFrame } from '../../protocol';
import { FRAMES_MAX, FrameLog, pretty, TEXT_MAX } from './frame-log';
import { Ledger } from './ledger';
import { endingOf, quantile, Tally } from './tally';

describe('the books of a run', () => {
  it('counts each command once, by its first end', () => {
    const ledger = new Ledger();
    for (const id of ['a', 'b', 'c', 'd', 'e', 'e']) ledger.sent(id);
    expect(ledger.ended('a', 'applied')).toBe(true);
    ledger.ended('a', 'rejected');
    ledger.ended('b', 'merged');
    ledger.ended('c', 'conflict');
    ledger.ended('d', 'rejected');
    expect(ledger.ended('of somebody else', 'applied')).toBe(false);
    expect(ledger.open).toBe(1);
    expect(ledger.counts).toEqual({
      commands: 5,
      applied: 1,
      merged: 1,
      conflicts: 1,
      rejected: 1,
      unanswered: 1,
    });
  });

  it('finds what is lost, done twice, and done although refused', () => {
    const ledger = new Ledger();
    const told = { a: 'applied', b: 'applied', c: 'conflict', d: 'merged', e: 'rejected' } as const;
    for (const [id, ending] of Object.entries(told)) {
      ledger.sent(id);
      ledger.ended(id, ending);
    }
    ledger.sent('unanswered');
    const nothing = { lost: ['unanswered'], doubled: [], revived: [] };
    expect(ledger.audit(['x', 'a', 'b', 'c'])).toEqual(nothing);
    expect(ledger.audit(['a', 'b', 'c', 'd', 'unanswered'])).toEqual(nothing);
    expect(ledger.audit(['a', 'a', 'c', 'e'])).toEqual({
      lost: ['b', 'unanswered'],
      doubled: ['a'],
      revived: ['e'],
    });
  });
});

describe('a client in figures', () => {
  const result = (operationId: string, status: 'applied' | 'merged') =>
    ({ type: 'command_result', operationId, outcome: { status, version: 1 } }) as ServerFrame;

  it('measures from command to answer, whichever way the answer comes', () => {
    const tally = new Tally();
    const ends: string[] = [];
    tally.onEnding((operationId, ending) => ends.push(`${operationId} ${ending}`));
    for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) tally.sent(id, index);
    tally.receive(result('a', 'applied'), 10);
    tally.receive({ type: 'revert', operationId: 'b', code: 'not_found', message: '' }, 21);
    tally.receive(
      {
        type: 'sync',
        mode: 'in_sync',
        epoch: 'e',
        version: 1,
        checksum: '0'.repeat(16),
        landed: [
          { operationId: 'c', outcome: { status: 'conflict', version: 1, conflictId: 'c.0' } },
        ],
      },
      32,
    );
    tally.receive(result('a', 'applied'), 99);
    tally.receive(result('of another tab', 'merged'), 99);
    expect(ends).toEqual(['a applied', 'b rejected', 'c conflict']);
    expect(tally.numbers).toEqual({
      commands: 4,
      ackP50: 20,
      ackP95: 30,
      resumes: 0,
      reverts: 1,
      merged: 0,
      conflicts: 1,
    });
  });

  it('keeps the last hundred, and counts connections after the first', () => {
    const tally = new Tally();
    for (let index = 0; index < 150; index += 1) {
      tally.sent(`o${index}`, 0);
      tally.receive(result(`o${index}`, 'merged'), index < 50 ? 10_000 : 5);
    }
    expect(tally.numbers.ackP95).toBe(5);
    expect(tally.numbers.merged).toBe(150);
    for (let index = 0; index < 3; index += 1) {
      tally.receive({ type: 'welcome' } as ServerFrame);
    }
    expect(tally.numbers.resumes).toBe(2);
  });

  it('takes a duplicate for what it was the first time', () => {
    const first = { status: 'rejected', code: 'invalid', message: '' } as const;
    expect(endingOf({ status: 'duplicate', first })).toBe('rejected');
    expect(endingOf({ status: 'duplicate' })).toBe('applied');
  });

  it.each([
    [[], 0.5, undefined],
    [[7], 0.95, 7],
    [[1, 2, 3, 4], 0.5, 2],
    [Array.from({ length: 100 }, (_, at) => at + 1), 0.95, 95],
  ])('of %j the quantile %d is %s', (sorted, share, wanted) => {
    expect(quantile(sorted, share)).toBe(wanted);
  });
});

describe('the log of frames', () => {
  it('knows type and size, and keeps the last ones', () => {
    const log = new FrameLog();
    log.add('in', '{"type":"sync","mode":"behind","x":"é"}', 12.4, 1);
    for (let index = 0; index < FRAMES_MAX; index += 1) log.event('connecting');
    log.add('out', '{"type":"heartbeat"}', 0, 2);
    expect(log.list.length).toBe(FRAMES_MAX);
    expect(log.total).toBe(FRAMES_MAX + 2);
    expect(log.list.at(-1)).toEqual({
      number: FRAMES_MAX + 2,
      at: 2,
      direction: 'out',
      type: 'heartbeat',
      bytes: 20,
      delayMs: 0,
      text: '{"type":"heartbeat"}',
    });
    const other = new FrameLog();
    other.add('in', '{"type":"sync","mode":"behind","x":"é"}', 12.4, 1);
    expect(other.list[0]).toMatchObject({ type: 'sync behind', bytes: 40, delayMs: 12 });
  });

  it('gives out a list that does not change afterwards', () => {
    const log = new FrameLog();
    log.event('connecting');
    const before = log.list;
    log.event('connected');
    expect(before.length).toBe(1);
  });

  it('never keeps a token', () => {
    const log = new FrameLog();
    log.add('out', JSON.stringify({ type: 'hello', token: 'gk_secret', clientId: 'c' }), 0);
    log.add('out', JSON.stringify({ type: 'token', token: 'gk_secret' }), 0);
    expect(JSON.stringify(log.list)).not.toContain('gk_secret');
    expect(log.list[0]?.text).toContain('"clientId":"c"');
  });

  it('shows 64 KiB of a frame at most', () => {
    const log = new FrameLog();
    const text = JSON.stringify({ type: 'state_update', padding: 'x'.repeat(TEXT_MAX) });
    log.add('in', text, 0);
    log.add('in', '{"type":"heartbeat","version":1}', 0);
    const [large, small] = log.list.map(pretty);
    expect(large?.whole).toBe(false);
    expect(large?.text.length).toBe(TEXT_MAX);
    expect(small).toEqual({ text: '{\n  "type": "heartbeat",\n  "version": 1\n}', whole: true });
  });
});
