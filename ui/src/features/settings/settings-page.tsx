import './settings.css';
import { Button, SegmentedControl, useMantineColorScheme } from '@mantine/core';
import { formatDateTime, formatDuration } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { usePlatform } from '../../shared/platform-context';
import { openShortcutsSheet } from '../../shared/shortcuts-sheet';
import { FailureBox } from '../../shared/state-box';
import { useNow } from '../../shared/use-now';
import { useRpcQuery } from '../../shared/use-rpc';
import { ProfileSection } from './profile-section';
import { Copyable, Section } from './section';
import { TokenSection } from './token-section';

export default function SettingsPage() {
  return (
    <div className="page settings">
      <h1 className="page-title">Settings</h1>
      <Appearance />
      <ConnectionSection />
      <ProfileSection />
      <TokenSection />
    </div>
  );
}

function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Section title="Appearance" about="Kept on this computer.">
      <div className="settings-row">
        <SegmentedControl
          size="xs"
          aria-label="Theme"
          value={colorScheme}
          onChange={(value) => setColorScheme(value as 'light' | 'dark' | 'auto')}
          data={[
            { value: 'light', label: 'Light' },
            { value: 'dark', label: 'Dark' },
            { value: 'auto', label: 'Like the system' },
          ]}
        />
        <Button
          variant="default"
          leftSection={<Icon name="keyboard" size={14} />}
          onClick={openShortcutsSheet}
        >
          Keyboard shortcuts
        </Button>
      </div>
    </Section>
  );
}

const ACK_LEVELS: Record<string, string> = {
  accepted: 'accepted: a confirmed command is safely queued',
  applied: 'applied: up to one second of confirmed edits may be lost if the machine fails',
  durable: 'durable: a confirmed edit is on disk',
  replicated: 'replicated: a confirmed edit is on disk and on a second machine',
};

function ConnectionSection() {
  const platform = usePlatform();
  const { data, error, refetch } = useRpcQuery('system.info', {});
  const now = useNow(1_000);
  return (
    <Section title="Connection" about="The server that this console shows, and what it stands on.">
      {error ? (
        <FailureBox
          title="The server’s details cannot be read"
          cause={error}
          onRetry={() => void refetch()}
        />
      ) : (
        <dl className="facts">
          <dt>Version</dt>
          <dd>{data?.version ?? '…'}</dd>
          <dt>Environment</dt>
          <dd>{data?.environment ?? '…'}</dd>
          <dt>API address</dt>
          <dd>
            <Copyable text={data?.apiUrl} />
          </dd>
          <dt>Redis address</dt>
          <dd>
            <Copyable text={data?.redisUrl} />
          </dd>
          <dt>Redis version</dt>
          <dd>{data?.redisVersion ?? '…'}</dd>
          {data && data.dataDir === undefined ? null : (
            <>
              <dt>Data folder</dt>
              <dd>
                <Copyable text={data?.dataDir} />
              </dd>
            </>
          )}
          <dt>Acknowledgement</dt>
          <dd>{data ? (ACK_LEVELS[data.ackLevel] ?? data.ackLevel) : '…'}</dd>
          <dt>Running since</dt>
          <dd>
            {data
              ? `${formatDateTime(data.startedAt)} (${formatDuration(now - data.startedAt)}), process ${data.pid}`
              : '…'}
          </dd>
          <dt>This window</dt>
          <dd>{platform.host === 'tauri' ? 'desktop' : 'browser'}</dd>
        </dl>
      )}
      {platform.capabilities.signIn ? (
        <Button
          variant="default"
          mt="md"
          onClick={() => {
            platform.signOut();
            window.location.reload();
          }}
        >
          Sign out
        </Button>
      ) : null}
    </Section>
  );
}
