import { Channel } from '@tauri-apps/api/core';
import type { ErrorCode, LiveFrame } from '../../protocol';
import type { LiveHandlers, Platform, ProfileDraft, Profiles } from '../platform';
import { call, DeploymentCalls } from './calls';
import { directAccess } from './direct-access';
import { closed, openGraph } from './graph-connection';

/** The desktop window: the Rust process owns sockets, resuming and the queue of what is unsent. */
export function tauriPlatform(): Platform {
  const deployment = new DeploymentCalls();
  const rpc: Platform['rpc'] = (operation, payload) =>
    deployment.call('rpc', { operation, payload });
  const known = profiles();
  return {
    host: 'tauri',
    capabilities: { nativeSave: true, signIn: false },
    start: async () => true,
    signIn: async () => undefined,
    signOut: () => undefined,
    rpc,
    openLive: (handlers) => openLive(deployment, handlers),
    openGraph: (graphId, handlers) => openGraph(deployment, graphId, handlers),
    saveFile: (name, content) => call('save_file', { name, ...content }),
    openWindow: () => call('open_window', {}),
    profiles: known,
    directAccess: () => directAccess(rpc, known),
  };
}

function profiles(): Profiles {
  return {
    list: () => call('profiles_list', {}),
    save: (draft: ProfileDraft) => call('profiles_save', { draft }),
    remove: (id) => call('profiles_delete', { id }),
    activate: (id) => call('profiles_switch', { id }),
    test: (draft: ProfileDraft) => call('profiles_test', { draft }),
  };
}

/** A frame, or the state of a stream that comes from elsewhere. */
type LiveEvent =
  | LiveFrame
  | { status: 'online' }
  | { status: 'offline'; attempt: number; retryInMs: number }
  | { status: 'closed'; code: ErrorCode; message: string };

function openLive(deployment: DeploymentCalls, handlers: LiveHandlers): () => void {
  const channel = new Channel<LiveEvent>();
  channel.onmessage = (event) => {
    if (!('status' in event)) return handlers.onFrame(event);
    const { status, ...rest } = event;
    handlers.onStatus({ state: status, ...rest } as Parameters<LiveHandlers['onStatus']>[0]);
  };
  handlers.onStatus({ state: 'connecting' });
  const opened = deployment.call<string>('live_open', { channel });
  opened.then(
    () => handlers.onStatus({ state: 'online' }),
    (cause) => handlers.onStatus(closed(cause)),
  );
  return () => {
    channel.onmessage = () => undefined;
    opened.then((id) => call('live_close', { id })).catch(() => undefined);
  };
}
