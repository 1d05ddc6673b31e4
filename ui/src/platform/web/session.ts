import type { ApiError } from '../../protocol';
import { ApiFailure } from '../platform';

const STORAGE_KEY = 'graphy.token';

/** The bearer token of this tab. It lives as long as the tab does and never in the address bar. */
export class Session {
  get token(): string | null {
    return sessionStorage.getItem(STORAGE_KEY);
  }

  set(token: string): void {
    sessionStorage.setItem(STORAGE_KEY, token);
  }

  clear(): void {
    sessionStorage.removeItem(STORAGE_KEY);
  }

  /** Exchanges the one-time ticket of the printed URL, if there is one, and hides it. */
  async redeemTicket(): Promise<void> {
    const url = new URL(window.location.href);
    const ticket = url.searchParams.get('ticket');
    if (ticket === null) return;
    url.searchParams.delete('ticket');
    window.history.replaceState(window.history.state, '', url);
    try {
      const answer = await postJson<{ token: string }>('/api/v2/session', { ticket });
      this.set(answer.token);
    } catch (cause) {
      // A reload of a used link is no reason to lose a session that still works.
      if (this.token === null) throw cause;
    }
  }
}

/** Posts JSON to the same origin; answers that are no success are thrown as `ApiFailure`. */
export async function postJson<Answer>(
  path: string,
  body: unknown,
  token?: string | null,
): Promise<Answer> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  let response: Response;
  try {
    response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  } catch {
    throw new ApiFailure({
      code: 'unavailable',
      message: 'the server cannot be reached',
      retryable: true,
      traceId: '',
    });
  }
  const text = await response.text();
  const answer = parse(text);
  if (response.ok && answer !== undefined) return answer as Answer;
  const error = answer as Partial<ApiError> | undefined;
  throw new ApiFailure({
    code: error?.code ?? (response.status === 401 ? 'unauthorized' : 'internal'),
    message: error?.message ?? `the server answered ${response.status}`,
    detail: error?.detail,
    field: error?.field,
    retryable: error?.retryable ?? response.status >= 500,
    traceId: error?.traceId ?? '',
  });
}

function parse(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
