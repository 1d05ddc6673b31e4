/** The part of a WebSocket that this program uses. */
export interface SocketLike {
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send: (text: string) => void;
  close: (code?: number) => void;
}

/** `WebSocket.OPEN`, also where there is no such global. */
export const OPEN = 1;

/** The way to a server. */
export interface Transport {
  /** Begins a connection to a path of the server. */
  open: (path: string) => SocketLike;
  /** Tells when it may be worth trying again; returns how to stop that. */
  onReturn: (listener: () => void) => () => void;
  /** Tells when the way is known to be gone; returns how to stop that. */
  onLoss?: (listener: () => void) => () => void;
}

/** WebSockets of this page to the server at `origin`, such as `https://graphs.example`. */
export function webSockets(origin: () => string): Transport {
  return {
    // Its handlers take a wider event than the ones here, which TypeScript cannot see.
    open: (path) => new WebSocket(socketUrl(origin(), path)) as unknown as SocketLike,
    onReturn: (listener) => {
      const onVisible = () => {
        if (!document.hidden) listener();
      };
      window.addEventListener('online', onVisible);
      document.addEventListener('visibilitychange', onVisible);
      return () => {
        window.removeEventListener('online', onVisible);
        document.removeEventListener('visibilitychange', onVisible);
      };
    },
    onLoss: (listener) => {
      window.addEventListener('offline', listener);
      return () => window.removeEventListener('offline', listener);
    },
  };
}

/** To the server that this page came from. */
export const ownServer: Transport = webSockets(() => window.location.origin);

function socketUrl(origin: string, path: string): string {
  const { protocol, host } = new URL(origin);
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}${path}`;
}
