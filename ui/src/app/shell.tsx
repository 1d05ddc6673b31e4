import { ActionIcon, Menu, Tooltip, useMantineColorScheme } from '@mantine/core';
import { spotlight } from '@mantine/spotlight';
import { lazy, Suspense, useEffect } from 'react';
import { SessionProvider } from '../shared/active-session';
import { plural } from '../shared/format';
import { Icon, type IconName } from '../shared/icons';
import { useOpenConflicts } from '../shared/open-conflicts';
import { hrefOf, navigate, type Page, useRoute } from '../shared/route';
import { isTyping } from '../shared/shortcuts';
import { openShortcutsSheet } from '../shared/shortcuts-sheet';
import { LoadingBox } from '../shared/state-box';
import { useOpenWindow } from '../shared/use-open-window';
import { useRpcQuery } from '../shared/use-rpc';
import { AlertBell } from './alert-bell';
import { AlertWatcher } from './alert-watcher';
import { CommandPalette } from './command-palette';
import { DeploymentBadge } from './deployment-badge';
import { ErrorBoundary } from './error-boundary';
import { GraphFeatures } from './graph-features';
import { GraphPicker } from './graph-picker';
import { ImportWatcher } from './import-watcher';
import { NoticeWatcher } from './notice-watcher';
import { OpenConflictsBadge } from './open-conflicts-badge';
import { StatusChip } from './status-chip';
import { StoreBadge } from './store-badge';
import { useCurrentGraph, useFreshGraphs } from './use-current-graph';

const GraphPage = lazy(() => import('../features/graph/graph-page'));
const OverviewPage = lazy(() => import('../features/overview/overview-page'));
const QueuesPage = lazy(() => import('../features/queues/queues-page'));
const ConflictsPage = lazy(() => import('../features/conflicts/conflicts-page'));
const LabPage = lazy(() => import('../features/lab/lab-page'));
const AlertsPage = lazy(() => import('../features/alerts/alerts-page'));
const SystemPage = lazy(() => import('../features/system/system-page'));
const AuditPage = lazy(() => import('../features/audit/audit-page'));
const ReportsPage = lazy(() => import('../features/reports/reports-page'));
const SettingsPage = lazy(() => import('../features/settings/settings-page'));

interface PageEntry {
  page: Page;
  label: string;
  icon: IconName;
  key: string;
}

/** Work on graphs, what operators watch, and the console itself. */
const GROUPS: { label: string; pages: PageEntry[] }[] = [
  {
    label: 'Work',
    pages: [
      { page: 'overview', label: 'Overview', icon: 'overview', key: 'o' },
      { page: 'graph', label: 'Graph', icon: 'graph', key: 'g' },
      { page: 'conflicts', label: 'Conflicts', icon: 'conflict', key: 'c' },
      { page: 'lab', label: 'Lab', icon: 'lab', key: 'l' },
    ],
  },
  {
    label: 'Operation',
    pages: [
      { page: 'queues', label: 'Queues', icon: 'queue', key: 'q' },
      { page: 'alerts', label: 'Alerts', icon: 'bell', key: 'a' },
      { page: 'system', label: 'System', icon: 'server', key: 'y' },
      { page: 'audit', label: 'Audit', icon: 'audit', key: 'u' },
      { page: 'reports', label: 'Reports', icon: 'report', key: 'r' },
    ],
  },
  {
    label: 'Console',
    pages: [{ page: 'settings', label: 'Settings', icon: 'settings', key: 's' }],
  },
];
const PAGES = GROUPS.flatMap(({ pages }) => pages);

export function Shell() {
  const { page } = useRoute();
  const graphId = useCurrentGraph();
  useGlobalKeys();
  useFreshGraphs();
  return (
    <SessionProvider graphId={graphId}>
      <button type="button" className="skip-link" onClick={skipToContent}>
        Skip to content
      </button>
      <div className="shell">
        <Header />
        <Navigation page={page} graphId={graphId} />
        <main className="shell-main" id="main" tabIndex={-1} aria-label={page}>
          <ErrorBoundary resetKey={page}>
            <Suspense fallback={<LoadingBox what="the page" />}>
              {page === 'graph' ? (
                <GraphFeatures>
                  <GraphPage />
                </GraphFeatures>
              ) : null}
              {page === 'overview' ? <OverviewPage /> : null}
              {page === 'queues' ? <QueuesPage /> : null}
              {page === 'conflicts' ? <ConflictsPage /> : null}
              {page === 'lab' ? <LabPage /> : null}
              {page === 'alerts' ? <AlertsPage /> : null}
              {page === 'system' ? <SystemPage /> : null}
              {page === 'audit' ? <AuditPage /> : null}
              {page === 'reports' ? <ReportsPage /> : null}
              {page === 'settings' ? <SettingsPage /> : null}
            </Suspense>
          </ErrorBoundary>
        </main>
      </div>
      <CommandPalette />
      <ImportWatcher />
      <NoticeWatcher />
      <AlertWatcher />
    </SessionProvider>
  );
}

/** The hash is the route, so no link can do this. */
function skipToContent(): void {
  document.getElementById('main')?.focus();
}

function Header() {
  return (
    <header className="shell-header">
      <div className="shell-brand">
        <img src="./favicon.svg" width={22} height={22} alt="" />
        <span>Graphy</span>
      </div>
      <GraphPicker />
      <StatusChip />
      <span className="push" />
      <StoreBadge />
      <DeploymentBadge />
      <AlertBell />
      <Tooltip label="Command palette (Ctrl+K)">
        <button type="button" className="chip" onClick={spotlight.open}>
          <Icon name="search" size={13} /> Commands <kbd>Ctrl K</kbd>
        </button>
      </Tooltip>
      <Tooltip label="Keyboard shortcuts (?)">
        <ActionIcon aria-label="Keyboard shortcuts" onClick={openShortcutsSheet}>
          <Icon name="keyboard" />
        </ActionIcon>
      </Tooltip>
      <ThemeSwitch />
    </header>
  );
}

function ThemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const icons = { light: 'sun', dark: 'moon', auto: 'system' } as const;
  const labels = { light: 'Light', dark: 'Dark', auto: 'Like the system' } as const;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon aria-label={`Theme: ${labels[colorScheme]}`}>
          <Icon name={icons[colorScheme]} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {(['light', 'dark', 'auto'] as const).map((scheme) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon name={icons[scheme]} />}
            onClick={() => setColorScheme(scheme)}
            aria-current={scheme === colorScheme}
          >
            {labels[scheme]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Navigation(props: { page: Page; graphId: string | undefined }) {
  const { data: system } = useRpcQuery('system.info', {}, { staleTime: 60_000 });
  const open = useOpenConflicts() ?? 0;
  return (
    <nav className="shell-nav" aria-label="Pages">
      {GROUPS.map(({ label, pages }) => (
        <ul key={label} aria-label={label}>
          {pages.map((entry) => (
            <li key={entry.page}>
              <PageLink entry={entry} open={open} {...props} />
            </li>
          ))}
        </ul>
      ))}
      <div className="shell-nav-foot">{system ? `Graphy ${system.version}` : null}</div>
    </nav>
  );
}

function PageLink(props: {
  entry: PageEntry;
  page: Page;
  graphId: string | undefined;
  open: number;
}) {
  const { open } = props;
  const { page, label, icon } = props.entry;
  const badge = page === 'conflicts' && open > 0;
  return (
    <a
      href={hrefOf(page, page === 'graph' ? props.graphId : undefined)}
      aria-current={page === props.page ? 'page' : undefined}
      aria-label={badge ? `${label}, ${plural(open, 'open conflict')}` : label}
      data-testid={`nav-${page}`}
    >
      <Icon name={icon} />
      <span>{label}</span>
      {badge ? <OpenConflictsBadge open={open} /> : null}
    </a>
  );
}

const CHORD_MS = 1_200;

/** `?` and the `G` chords wherever nobody is typing, and the key for one more window. */
function useGlobalKeys(): void {
  const openWindow = useOpenWindow();
  useEffect(() => {
    let chordAt = Number.NEGATIVE_INFINITY;
    const onKey = (event: KeyboardEvent) => {
      if (openWindow && isWindowKey(event)) {
        event.preventDefault();
        if (!event.repeat) openWindow();
        return;
      }
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      const key = event.key.toLowerCase();
      if (event.key === '?') {
        event.preventDefault();
        openShortcutsSheet();
      } else if (performance.now() - chordAt < CHORD_MS) {
        chordAt = Number.NEGATIVE_INFINITY;
        const target = PAGES.find((entry) => entry.key === key);
        if (target === undefined) return;
        event.preventDefault();
        navigate(target.page);
      } else if (key === 'g') chordAt = performance.now();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [openWindow]);
}

function isWindowKey(event: KeyboardEvent): boolean {
  const modified = (event.ctrlKey || event.metaKey) && event.shiftKey && !event.altKey;
  return modified && event.key.toLowerCase() === 'n';
}
