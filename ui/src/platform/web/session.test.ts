import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiFailure } from '../platform';
import { postJson, Session } from './session';

const answer = (status: number, body: unknown) =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });

describe('the browser session', () => {
  const fetched = vi.fn<typeof fetch>();
  beforeEach(() => {
    sessionStorage.clear();
    fetched.mockReset();
    vi.stubGlobal('fetch', fetched);
  });
  afterEach(() => vi.unstubAllGlobals());

  it('exchanges the ticket and removes it from the address bar', async () => {
    window.history.replaceState(null, '', '/?ticket=once&other=1#/graph/g');
    fetched.mockResolvedValue(answer(200, { token: 'secret' }));
    const session = new Session();
    await session.redeemTicket();
    expect(fetched.mock.calls[0]?.[1]?.body).toBe('{"ticket":"once"}');
    expect(session.token).toBe('secret');
    expect(window.location.search).toBe('?other=1');
    expect(window.location.hash).toBe('#/graph/g');
  });

  it('keeps a session that works when a used link is opened again', async () => {
    window.history.replaceState(null, '', '/?ticket=used');
    fetched.mockResolvedValue(answer(401, { code: 'unauthorized', message: 'used' }));
    const session = new Session();
    session.set('secret');
    await session.redeemTicket();
    expect(session.token).toBe('secret');
  });

  it('throws the server’s error with code, field and trace', async () => {
    const error = { code: 'invalid', message: 'no name', field: 'name', traceId: 't1' };
    fetched.mockResolvedValue(answer(400, { ...error, retryable: false }));
    await expect(postJson('/x', {}, 'secret')).rejects.toMatchObject(error);
    expect(fetched.mock.calls[0]?.[1]?.headers).toMatchObject({ authorization: 'Bearer secret' });
  });

  it('gives a code to answers that have none', async () => {
    fetched.mockResolvedValue(answer(502, '<html>bad gateway</html>'));
    const failure = await postJson('/x', {}).catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(ApiFailure);
    expect(failure).toMatchObject({ code: 'internal', retryable: true });
    fetched.mockRejectedValue(new TypeError('network'));
    await expect(postJson('/x', {})).rejects.toMatchObject({ code: 'unavailable' });
  });
});
