import { Tooltip } from '@mantine/core';
import { EnvironmentBadge } from '../shared/environment-badge';
import { useLive } from '../shared/live-context';
import { usePlatform } from '../shared/platform-context';
import { useActiveProfile } from '../shared/use-profiles';
import { useRpcQuery } from '../shared/use-rpc';

/** Which deployment this window shows, and whether anything can be changed through it. */
export function DeploymentBadge() {
  const { profiles } = usePlatform();
  return (
    <>
      {profiles ? <ProfileBadge /> : <ServerBadge />}
      <ReadOnlyBadge />
    </>
  );
}

function ProfileBadge() {
  const profile = useActiveProfile();
  if (profile === undefined) return null;
  const { name, environment, url } = profile;
  return (
    <Tooltip label={url ? `Connected to ${url}` : 'The server inside this console'}>
      <span data-testid="deployment-badge">
        <EnvironmentBadge environment={environment} label={`${name} · ${environment}`} />
      </span>
    </Tooltip>
  );
}

/** Said once, whether this profile or the server refuses changes. */
function ReadOnlyBadge() {
  const profile = useActiveProfile();
  const { data } = useRpcQuery('system.info', {}, { staleTime: 60_000 });
  const why = profile?.readOnly
    ? 'Nothing can be changed through this profile; see Settings'
    : data?.readOnly
      ? 'The server is in read-only mode: it refuses whatever changes something'
      : undefined;
  if (why === undefined) return null;
  return (
    <Tooltip label={why}>
      <span data-testid="read-only-badge">
        <EnvironmentBadge environment="read-only" />
      </span>
    </Tooltip>
  );
}

function ServerBadge() {
  const environment = useLive((state) => state.environment);
  if (!environment) return null;
  return (
    <Tooltip label="The environment this server says it is">
      <span>
        <EnvironmentBadge environment={environment} />
      </span>
    </Tooltip>
  );
}
