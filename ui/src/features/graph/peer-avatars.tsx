import { Tooltip } from '@mantine/core';
import { useStore } from 'zustand';
import type { Present } from '../../graph/peers';
import { initials, peerColor } from '../../shared/peer-color';
import { useCanvasSession } from './canvas-state';
import { follow, stopFollowing, useFollow } from './following';

const SHOWN_MAX = 6;

/** Who else is in the graph; pressing somebody follows their view. */
export function PeerAvatars() {
  const { peers } = useCanvasSession();
  const present = useStore(peers.roster, (roster) => roster.present);
  if (present.length === 0) return null;
  const shown = present.slice(0, SHOWN_MAX);
  const others = present.slice(SHOWN_MAX);
  return (
    <ul className="panel peer-avatars" aria-label="Who is here" data-testid="peer-avatars">
      {shown.map((peer) => (
        <li key={peer.sessionId}>
          <Avatar peer={peer} />
        </li>
      ))}
      {others.length > 0 ? (
        <li>
          <Tooltip label={others.map(({ name }) => name).join(', ')}>
            <span className="peer-more">+{others.length}</span>
          </Tooltip>
        </li>
      ) : null}
    </ul>
  );
}

function Avatar({ peer }: { peer: Present }) {
  const followed = useFollow((state) => state.sessionId === peer.sessionId);
  const state = peer.away ? 'away' : peer.idle ? 'idle' : 'here';
  const what = followed ? 'press to stop following' : 'press to follow';
  const about = state === 'here' ? peer.name : `${peer.name}, ${STATES[state]}`;
  return (
    <Tooltip label={`${about} – ${what}`}>
      <button
        type="button"
        className="peer-avatar"
        data-state={state}
        data-name={peer.name}
        data-testid={`peer-${peer.sessionId}`}
        aria-label={followed ? `Stop following ${about}` : `Follow ${about}`}
        aria-pressed={followed}
        style={{ '--peer': peerColor(peer.color) } as React.CSSProperties}
        onClick={() => (followed ? stopFollowing() : follow(peer.sessionId))}
      >
        {initials(peer.name)}
      </button>
    </Tooltip>
  );
}

const STATES = { idle: 'idle', away: 'connection lost' } as const;
