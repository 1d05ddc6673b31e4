import { QueryClient } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import type { JobPage } from '../../generated/JobPage';
import type { JobRow } from '../../generated/JobRow';
import { dropJob, placeOf } from './job-pages';
import { placed } from './use-job-places';
import { shortId } from './wording';

const row = (jobId: string) => ({ jobId }) as JobRow;
const page = (ids: string[], total: number, at = 1): JobPage => ({
  at,
  total,
  jobs: ids.map(row),
  next: null,
  lookedAt: ids.length,
});

describe('jobs by their place', () => {
  it('stand where they are in the list, with holes for those that were not read', () => {
    const { rows, total } = placed([0, 9], [page(['a', 'b'], 902), page(['x', 'y'], 902)]);
    expect(total).toBe(902);
    expect(rows).toHaveLength(902);
    expect([rows[0]?.jobId, rows[2], rows[901]?.jobId]).toEqual(['a', undefined, 'y']);
  });

  it('are as many as the newest answer says', () => {
    const { rows } = placed([0, 1], [page(['a'], 150, 5), page(['x'], 149, 6)]);
    expect(rows).toHaveLength(149);
    expect(placed([0], [page(['a', 'b', 'c'], 2)]).rows).toHaveLength(2);
    expect(placed([0], [undefined]).rows).toEqual([]);
  });

  it('are not found in a hole when none is meant', () => {
    const { rows } = placed([0], [page(['a'], 300)]);
    expect(placeOf(rows, undefined)).toBe(-1);
    expect(placeOf(rows, 'a')).toBe(0);
    expect(placeOf(rows, 'z')).toBe(-1);
  });

  it('leave searches and places alike when they are dropped', () => {
    const client = new QueryClient();
    const key = ['queues.jobs', 'bull', 'mail', 'failed'];
    client.setQueryData([...key, 'place', 0], page(['a', 'b'], 2));
    client.setQueryData([...key, { text: 'a' }], { pages: [page(['a'], 2)], pageParams: [0] });
    dropJob(client, { prefix: 'bull', queue: 'mail' }, 'a');
    expect(client.getQueryData([...key, 'place', 0])).toMatchObject({ total: 1, jobs: [row('b')] });
    expect(client.getQueryData([...key, { text: 'a' }])).toMatchObject({ pages: [{ jobs: [] }] });
  });

  it('are named by both ends of a long id', () => {
    expect(shortId('42')).toBe('42');
    expect(shortId('01a22266-6097-7107-b1a0-f6579aa1664e')).toBe('01a22266…9aa1664e');
  });
});
