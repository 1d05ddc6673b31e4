import { useMantineColorScheme } from '@mantine/core';
import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { setFilters } from '../features/conflicts/conflict-view';
import { openGraphSettings } from '../features/graph-settings/open-graph-settings';
import { showHistoryOf } from '../features/history/history-state';
import { useSession } from '../shared/active-session';
import { useGraphActions } from '../shared/graph-actions';
import { openDeleteGraph, openNewGraph } from '../shared/graph-dialogs';
import { Icon } from '../shared/icons';
import { navigate } from '../shared/route';
import { openShortcutsSheet } from '../shared/shortcuts-sheet';
import { useOpenWindow } from '../shared/use-open-window';
import { useGraphs } from './use-current-graph';

/** Ctrl+K: every page, graph and action by name. */
export function CommandPalette() {
  return (
    <Spotlight
      actions={useActions()}
      shortcut={['mod + K', 'mod + P']}
      nothingFound="Nothing of that name"
      highlightQuery
      scrollable
      maxHeight={420}
      overlayProps={{ blur: 0, backgroundOpacity: 0.45 }}
      searchProps={{
        leftSection: <Icon name="search" />,
        placeholder: 'Go to a page, open a graph, do something',
        'aria-label': 'Search commands',
      }}
    />
  );
}

function useActions(): SpotlightActionGroupData[] {
  const session = useSession();
  const { data } = useGraphs();
  const { setColorScheme } = useMantineColorScheme();
  const openWindow = useOpenWindow();
  const canvas = useGraphActions((state) => state.actions);
  const graphs = data?.graphs ?? [];
  const current = graphs.find(({ graphId }) => graphId === session?.graphId);
  const action = (id: string, label: string, onClick: () => void, description?: string) => ({
    id,
    label,
    onClick,
    description,
  });
  return [
    {
      group: 'Go to',
      actions: [
        action('page-overview', 'Overview', () => navigate('overview'), 'G O'),
        action('page-graph', 'Graph', () => navigate('graph'), 'G G'),
        action('page-queues', 'Queues', () => navigate('queues'), 'G Q'),
        action('page-dead-letters', 'Dead letters of all queues', () =>
          navigate('queues', 'dead-letters'),
        ),
        action('page-conflicts', 'Conflicts', () => navigate('conflicts'), 'G C'),
        action(
          'page-lab',
          'Lab: clients side by side on bad networks',
          () => navigate('lab'),
          'G L',
        ),
        action('page-alerts', 'Alerts: rules and what fires', () => navigate('alerts'), 'G A'),
        action('page-system', 'System: Redis, nodes', () => navigate('system'), 'G Y'),
        action('page-logs', 'Logs of this node', () => navigate('system', 'logs')),
        action('page-diagnostics', 'Diagnostics archive', () => navigate('system', 'diagnostics')),
        action('page-audit', 'Audit: who operated what', () => navigate('audit'), 'G U'),
        action('page-reports', 'Reports: targets and actuals', () => navigate('reports'), 'G R'),
        action('page-settings', 'Settings', () => navigate('settings'), 'G S'),
      ],
    },
    {
      group: 'Graph',
      actions: [
        ...canvas.map(({ id, label, keys, run }) => action(id, label, run, keys)),
        ...(session
          ? [
              action(
                'graph-history',
                'History of the graph',
                () => openHistory(session.graphId),
                'H',
              ),
              action('graph-conflicts', 'Conflicts of this graph', () => {
                setFilters({ graphId: session.graphId });
                navigate('conflicts');
              }),
              action(
                'graph-settings',
                'Sharing, name and conflict policy of this graph…',
                () => openGraphSettings(session.graphId),
                'Ctrl ,',
              ),
            ]
          : []),
        action('graph-new', 'New graph…', openNewGraph),
        ...(current
          ? [action('graph-delete', `Delete “${current.name}”…`, () => openDeleteGraph(current))]
          : []),
      ],
    },
    {
      group: 'Open',
      actions: graphs.map(({ graphId, name, nodes }) =>
        action(`open-${graphId}`, name, () => navigate('graph', graphId), `${nodes} nodes`),
      ),
    },
    {
      group: 'Console',
      actions: [
        ...(openWindow
          ? [action('window-open', 'Open another window', openWindow, 'Ctrl Shift N')]
          : []),
        action('theme-light', 'Light theme', () => setColorScheme('light')),
        action('theme-dark', 'Dark theme', () => setColorScheme('dark')),
        action('theme-system', 'Theme like the system', () => setColorScheme('auto')),
        action('shortcuts', 'Keyboard shortcuts', openShortcutsSheet, '?'),
      ],
    },
  ];
}

function openHistory(graphId: string): void {
  navigate('graph', graphId);
  showHistoryOf(undefined);
}
