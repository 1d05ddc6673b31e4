import { ApiFailure, type DirectAccess, type Platform, type Profiles } from '../platform';

/**
 * Lets a window open sockets of its own to the node in this program: with a token that is made for
 * it, and revoked when the window has no use for it any more. The token of the program itself never
 * leaves Rust.
 *
 * A remote deployment is not reached this way: the window's content security policy names this
 * machine only.
 */
export async function directAccess(
  rpc: Platform['rpc'],
  profiles: Pick<Profiles, 'list'>,
): Promise<DirectAccess> {
  const { profiles: all, activeId } = await profiles.list();
  const active = all.find(({ id }) => id === activeId);
  if (active?.readOnly) throw refusal('forbidden', 'this profile is read-only');
  if (active?.kind === 'remote') {
    const advice = 'open the Lab in a browser at the address of that deployment';
    throw refusal('unavailable', `windows connect to their own node only; ${advice}`);
  }
  const { apiUrl } = await rpc('system.info', {});
  const { token, tokenId } = await rpc('tokens.create', {
    name: 'Lab',
    role: 'editor',
    expiresInDays: 1,
  });
  return {
    origin: apiUrl,
    token: () => token,
    // It outlives every Lab session, so it is never replaced.
    onRenewed: () => undefined,
    offRenewed: () => undefined,
    release: () => {
      // Should this fail, the token ends by itself within a day.
      rpc('tokens.revoke', { tokenId }).catch(() => undefined);
    },
  };
}

function refusal(code: 'forbidden' | 'unavailable', message: string): ApiFailure {
  return new ApiFailure({ code, message, retryable: false, traceId: '' });
}
