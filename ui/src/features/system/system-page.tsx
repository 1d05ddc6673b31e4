import './system.css';
import { SegmentedControl } from '@mantine/core';
import { navigate, useRoute } from '../../shared/route';
import { DiagnosticsTab } from './diagnostics-tab';
import { LogsTab } from './logs-tab';
import { NodesTab } from './nodes-tab';
import { RedisTab } from './redis-tab';

const TABS = [
  { value: 'redis', label: 'Redis' },
  { value: 'nodes', label: 'Nodes' },
  { value: 'logs', label: 'Logs' },
  { value: 'diagnostics', label: 'Diagnostics' },
];

/** What the deployment stands on: Redis, the server nodes, their logs, and an archive of it all. */
export default function SystemPage() {
  const { place = [] } = useRoute();
  const tab = TABS.find(({ value }) => value === place[0])?.value ?? 'redis';
  return (
    <div className="page system-page" data-tab={tab}>
      <div className="page-head">
        <h1 className="page-title">System</h1>
        <SegmentedControl
          size="xs"
          aria-label="Part of the system"
          value={tab}
          onChange={(chosen) => navigate('system', chosen)}
          data={TABS}
        />
      </div>
      {tab === 'redis' ? <RedisTab /> : null}
      {tab === 'nodes' ? <NodesTab /> : null}
      {tab === 'logs' ? <LogsTab /> : null}
      {tab === 'diagnostics' ? <DiagnosticsTab /> : null}
    </div>
  );
}
