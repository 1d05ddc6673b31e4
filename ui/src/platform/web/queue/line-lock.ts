/**
 * Sees to it that a line has one owner among the tabs. The browser frees a lock when its tab is
 * closed, reloaded or has crashed.
 */
export type Release = () => void;

export interface LineLocks {
  /** Takes the line if nobody has it. */
  tryTake: (lineId: string) => Promise<Release | undefined>;
  /** Resolves once the line's present owner is gone; rejects when `signal` aborts. */
  take: (lineId: string, signal: AbortSignal) => Promise<Release>;
}

const nameOf = (lineId: string) => `graphy-line:${lineId}`;

/** Web Locks; browsers have them on `https` pages and on this machine's own addresses. */
export function browserLocks(): LineLocks | undefined {
  const { locks } = navigator;
  if (locks === undefined) return undefined;
  const hold = (lineId: string, options: LockOptions) =>
    new Promise<Release | undefined>((resolve, reject) => {
      locks
        .request(nameOf(lineId), options, (lock) => {
          if (lock === null) return resolve(undefined);
          return new Promise<void>((release) => resolve(() => release()));
        })
        .catch(reject);
    });
  return {
    tryTake: (lineId) => hold(lineId, { ifAvailable: true }),
    take: async (lineId, signal) => {
      const release = await hold(lineId, { signal });
      if (release === undefined) throw new Error('a lock that is waited for is given');
      return release;
    },
  };
}

const LEASE_MS = 15_000;
const RENEW_MS = 4_000;

/**
 * Leases in the local storage, for pages that have no locks: an owner that has not renewed its
 * lease for 15 s counts as gone. Two tabs may meet in the same millisecond; the server's knowledge
 * of operation ids makes even that harmless.
 */
export function leases(): LineLocks {
  const owner = Math.random().toString(36).slice(2);
  const take = (lineId: string): Release | undefined => {
    const key = nameOf(lineId);
    const [holder = '', until = '0'] = (localStorage.getItem(key) ?? '').split(' ');
    if (holder !== '' && Number(until) > Date.now()) return undefined;
    const renew = () => localStorage.setItem(key, `${owner} ${Date.now() + LEASE_MS}`);
    renew();
    const timer = setInterval(renew, RENEW_MS);
    const release = () => {
      clearInterval(timer);
      localStorage.removeItem(key);
    };
    window.addEventListener('pagehide', release, { once: true });
    return release;
  };
  return {
    tryTake: async (lineId) => take(lineId),
    take: (lineId, signal) =>
      new Promise((resolve, reject) => {
        const timer = setInterval(() => {
          const release = take(lineId);
          if (release === undefined) return;
          clearInterval(timer);
          resolve(release);
        }, RENEW_MS);
        signal.addEventListener('abort', () => {
          clearInterval(timer);
          reject(signal.reason as Error);
        });
      }),
  };
}
