import './operating.css';
import { Tooltip } from '@mantine/core';
import type { ReactElement } from 'react';
import { useStore } from 'zustand';
import type { Role } from '../generated/Role';
import { useSession } from './active-session';
import { useActiveProfile } from './use-profiles';
import { useRpcQuery } from './use-rpc';

/** Why nothing may be operated from here; `undefined` if it may. The server decides anyway. */
export function useOperateBar(): string | undefined {
  const profile = useActiveProfile();
  const { data } = useRpcQuery('system.info', {}, { staleTime: 60_000 });
  const role = useOwnRole();
  if (profile?.readOnly) return 'This profile is read-only: see Settings → Deployments.';
  if (data?.readOnly) {
    return 'The server is in read-only mode: nothing can be changed through it.';
  }
  if (role === 'viewer' || role === 'editor') {
    return `Your token has the role ${role}; this takes the role operator.`;
  }
  return undefined;
}

/** What the token is trusted with, as far as an open graph has told it. */
function useOwnRole(): Role | undefined {
  const session = useSession();
  return useStore(session?.status ?? NO_STATUS, ({ role }) => role);
}

const NOTHING: { role: Role | undefined } = { role: undefined };
const NO_STATUS = {
  getState: () => NOTHING,
  getInitialState: () => NOTHING,
  subscribe: () => () => undefined,
};

/** Says why the button inside cannot be pressed. A disabled button itself hears no pointer. */
export function WithReason(props: { reason: string | undefined; children: ReactElement }) {
  if (props.reason === undefined) return props.children;
  return (
    <Tooltip label={props.reason}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the reason must be reachable by keyboard */}
      <span className="with-reason" role="note" aria-label={props.reason} tabIndex={0}>
        {props.children}
      </span>
    </Tooltip>
  );
}
