import { describe, expect, it } from 'vitest';
import type { SessionRow } from '../generated/SessionRow';
import { hrefOf, parseRoute } from './route';
import { byGraph } from './use-people';

const session = (part: Partial<SessionRow>): SessionRow => ({
  sessionId: 's',
  graphId: 'g',
  clientId: 'c',
  userId: 'ada',
  name: 'Ada',
  node: 'n',
  joinedAt: 10,
  lastActivity: 20,
  clientVersion: 1,
  ...part,
});

describe('people', () => {
  it('are counted once for all their windows, those first who came first', () => {
    const graphs = byGraph([
      session({ joinedAt: 30, lastActivity: 90, clientId: 'a1' }),
      session({ userId: 'bob', name: '', joinedAt: 5, clientId: 'b1' }),
      session({ joinedAt: 10, lastActivity: 50, clientId: 'a2' }),
      session({ graphId: 'h' }),
    ]);
    expect([...graphs.keys()]).toEqual(['g', 'h']);
    expect(graphs.get('g')).toEqual([
      { userId: 'bob', name: 'bob', windows: 1, clientIds: ['b1'], since: 5, lastActivity: 20 },
      {
        userId: 'ada',
        name: 'Ada',
        windows: 2,
        clientIds: ['a1', 'a2'],
        since: 10,
        lastActivity: 90,
      },
    ]);
  });
});

describe('addresses', () => {
  it('name a graph and what to show in it, whatever signs are in their ids', () => {
    const href = hrefOf('graph', 'g/1', 'a:b.c');
    expect(parseRoute(href)).toEqual({ page: 'graph', graphId: 'g/1', focus: 'a:b.c' });
    expect(parseRoute('#/conflicts')).toEqual({ page: 'conflicts', graphId: undefined });
    expect(parseRoute('#/system/logs').place).toEqual(['logs']);
    expect(parseRoute('#/nonsense/g')).toEqual({ page: 'graph', graphId: 'g' });
  });

  it('name a place in a page, and lead to the page where they are broken', () => {
    const place = ['{bull}', 'a/b', 'x:1'];
    const page = { page: 'queues', graphId: undefined };
    expect(parseRoute(hrefOf('queues', ...place))).toEqual({ ...page, place });
    expect(parseRoute('#/queues/%zz/mail')).toEqual(page);
  });
});
