import type { LiveFrame } from '../../protocol';
import { ApiFailure, type LiveHandlers, type Platform } from '../platform';
import { WebGraphConnection } from './graph-connection';
import { ReconnectingSocket } from './reconnecting-socket';
import { postJson, Session } from './session';

/** The browser: HTTP and WebSockets to the origin that served the page. */
export function webPlatform(): Platform {
  const session = new Session();
  return {
    host: 'web',
    capabilities: { nativeSave: false, signIn: true },
    start: async () => {
      await session.redeemTicket();
      return session.token !== null;
    },
    signIn: async (token) => {
      await postJson('/api/v2/console/system.info', {}, token);
      session.set(token);
    },
    signOut: () => session.clear(),
    rpc: (operation, payload) => postJson(`/api/v2/console/${operation}`, payload, session.token),
    openLive: (handlers) => openLive(session, handlers),
    openGraph: (graphId, handlers) => new WebGraphConnection(graphId, session, handlers),
    directAccess: async () => ({
      origin: window.location.origin,
      token: () => session.token,
      onRenewed: (listener) => session.onRenewed(listener),
      offRenewed: (listener) => session.offRenewed(listener),
      release: () => undefined,
    }),
    saveFile: async (name, content, mime) => {
      download(name, 'text' in content ? content.text : decode(content.base64), mime);
      return name;
    },
  };
}

function openLive(session: Session, handlers: LiveHandlers): () => void {
  let established = false;
  const socket = new ReconnectingSocket({
    path: '/api/v2/console/live',
    onOpen: (send) => {
      established = false;
      send({ token: session.token ?? '' });
    },
    onMessage: (message) => {
      if (!isLiveFrame(message)) return;
      if (!established) socket.established();
      established = true;
      handlers.onFrame(message);
    },
    onStatus: handlers.onStatus,
  });
  const renew = () => socket.renew();
  session.onRenewed(renew);
  return () => {
    session.offRenewed(renew);
    socket.close();
  };
}

function isLiveFrame(message: unknown): message is LiveFrame {
  return typeof message === 'object' && message !== null && 'points' in message;
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw ApiFailure.from(cause);
  }
}

function download(name: string, content: string | Uint8Array<ArrayBuffer>, mime: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: mime }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
