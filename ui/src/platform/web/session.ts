import type { ApiError, SessionToken } from '../../protocol';
import { ApiFailure } from '../platform';

const STORAGE_KEY = 'graphy.token';
const DETAILS_KEY = 'graphy.session';
const LOOK_MS = 60_000;
/** A session is renewed once this part of its life is over, and tried again until the end. */
const RENEW_AFTER = 2 / 3;

/** What is known of a session besides its token. */
interface Details {
  userId: string;
  issuedAt: number;
  expiresAt: number;
}

/**
 * The bearer token of this tab. It lives as long as the tab does and never in the address bar.
 * A session's token is replaced before it expires; sockets learn of that without a drop.
 */
export class Session {
  private readonly listeners = new Set<() => void>();
  private readonly timer: ReturnType<typeof setInterval>;
  private renewing = false;

  constructor() {
    this.timer = setInterval(this.renewInTime, LOOK_MS);
    document.addEventListener('visibilitychange', this.renewInTime);
  }

  get token(): string | null {
    return sessionStorage.getItem(STORAGE_KEY);
  }

  /** Whose commands these are: a user, or the public half of a token that was pasted. */
  get owner(): string | undefined {
    const details = this.details();
    if (details !== undefined) return `user:${details.userId}`;
    const id = this.token?.split('_')[1];
    return id === undefined ? undefined : `token:${id}`;
  }

  set(token: string): void {
    sessionStorage.setItem(STORAGE_KEY, token);
    sessionStorage.removeItem(DETAILS_KEY);
  }

  clear(): void {
    sessionStorage.removeItem(STORAGE_KEY);
    sessionStorage.removeItem(DETAILS_KEY);
  }

  /** Told when the token was replaced by a younger one of the same user. */
  onRenewed(listener: () => void): void {
    this.listeners.add(listener);
  }

  offRenewed(listener: () => void): void {
    this.listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.timer);
    document.removeEventListener('visibilitychange', this.renewInTime);
  }

  /** Exchanges the one-time ticket of the printed URL, if there is one, and hides it. */
  async redeemTicket(): Promise<void> {
    const url = new URL(window.location.href);
    const ticket = url.searchParams.get('ticket');
    if (ticket === null) return;
    url.searchParams.delete('ticket');
    window.history.replaceState(window.history.state, '', url);
    try {
      this.take(await postJson<SessionToken>('/api/v2/session', { ticket }));
    } catch (cause) {
      // A reload of a used link is no reason to lose a session that still works.
      if (this.token === null) throw cause;
    }
  }

  private take({ token, userId, expiresAt }: SessionToken): void {
    const details: Details = { userId, issuedAt: Date.now(), expiresAt };
    sessionStorage.setItem(STORAGE_KEY, token);
    sessionStorage.setItem(DETAILS_KEY, JSON.stringify(details));
  }

  private details(): Details | undefined {
    const text = sessionStorage.getItem(DETAILS_KEY);
    return text === null ? undefined : (JSON.parse(text) as Details);
  }

  private readonly renewInTime = () => {
    const details = this.details();
    if (details === undefined || this.renewing) return;
    const { issuedAt, expiresAt } = details;
    if (Date.now() < issuedAt + (expiresAt - issuedAt) * RENEW_AFTER) return;
    this.renewing = true;
    postJson<SessionToken>('/api/v2/session/renew', {}, this.token)
      .then((renewed) => {
        this.take(renewed);
        for (const listener of this.listeners) listener();
      })
      // The old one still works until its end; the next look tries again.
      .catch(() => undefined)
      .finally(() => {
        this.renewing = false;
      });
  };
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
