import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeGraph, FakePlatform } from '../platform/fake';
import { App } from './app';

// There is no 2D canvas in happy-dom; what charts draw is looked at in the browser flows.
vi.mock('uplot', () => ({
  default: class {
    setData() {}
    setSize() {}
    destroy() {}
  },
}));

describe('the console on the fake platform', () => {
  let platform: FakePlatform;
  let graph: FakeGraph;

  beforeEach(() => {
    localStorage.clear();
    platform = new FakePlatform();
    graph = platform.addGraph('g', 'Demo graph');
    graph.edit({ type: 'CREATE_NODE', payload: { id: 'a', title: 'Alpha' } });
    graph.edit({ type: 'CREATE_NODE', payload: { id: 'b', title: 'Beta' } });
    platform.answers['system.info'] = () => ({
      version: '9.9.9',
      environment: 'test',
      redisUrl: 'redis://127.0.0.1:1',
      redisVersion: '7',
      dataDir: '/data',
      apiUrl: 'http://127.0.0.1:2',
      ackLevel: 'durable',
      startedAt: 0,
      pid: 7,
      readOnly: false,
    });
    platform.answers['overview.get'] = () => ({
      since: 0,
      stepMs: 1_000,
      events: [{ id: 1, at: 1, kind: 'redis', text: 'Redis is up' }],
      series: [
        {
          name: 'queue_depth',
          unit: '',
          help: 'Jobs that wait.',
          metric: 'bullmq_queue_size',
          at: [1_000],
          values: [4],
        },
        {
          name: 'conflict_rate',
          unit: 'share',
          help: 'Conflicts per command.',
          metric: 'optimistic_conflicts_total',
          at: [1_000],
          values: [0.07],
        },
      ],
    });
    platform.answers['tokens.list'] = () => ({ tokens: [] });
    window.location.hash = '#/graph/g';
  });

  const open = async () => {
    render(<App platform={platform} />);
    return screen.findByTestId('graph-node-a');
  };
  const chip = () => screen.getByTestId('status-chip').textContent;
  const rename = (node: HTMLElement, title: string) => {
    fireEvent.doubleClick(within(node).getByText(/Alpha|Beta/));
    const input = within(node).getByLabelText('Title');
    fireEvent.change(input, { target: { value: title } });
    return input;
  };

  it('shows an edit at once, marked until it is confirmed', async () => {
    const node = await open();
    await waitFor(() => expect(chip()).toBe('saved'));
    graph.pause();
    fireEvent.keyDown(rename(node, 'Renamed'), { key: 'Enter' });
    expect(node.textContent).toContain('Renamed');
    expect(screen.getByTestId('pending-a')).toBeDefined();
    expect(chip()).toBe('saving (1)');
    act(() => graph.resume());
    await waitFor(() => expect(screen.queryByTestId('pending-a')).toBeNull());
    expect(chip()).toBe('saved');
    expect(graph.state.nodes.get('a')?.entity.title).toBe('Renamed');
  });

  it('keeps the old title when a rename is cancelled', async () => {
    const node = await open();
    fireEvent.keyDown(rename(node, 'Nope'), { key: 'Escape' });
    expect(node.textContent).toContain('Alpha');
    expect(graph.received).toEqual([]);
  });

  it('lists what was refused with its reason, until dismissed', async () => {
    const node = await open();
    graph.pause();
    fireEvent.keyDown(rename(node, 'Renamed'), { key: 'Enter' });
    graph.edit({ type: 'DELETE_NODE', payload: { id: 'a' } });
    act(() => graph.resume());
    const panel = await screen.findByTestId('attention-panel');
    await waitFor(() => expect(panel.textContent).toContain('taken back'));
    expect(panel.textContent).toContain('Rename “Alpha” to “Renamed”');
    expect(chip()).toBe('needs attention (1)');
    fireEvent.click(within(panel).getByLabelText('Dismiss'));
    expect(screen.queryByTestId('attention-panel')).toBeNull();
    expect(screen.queryByTestId('graph-node-a')).toBeNull();
    expect(screen.getByTestId('graph-node-b')).toBeDefined();
  });

  it('shows what others do, and deletes by key', async () => {
    await open();
    act(() => {
      graph.edit({ type: 'CREATE_NODE', payload: { id: 'c', title: 'Gamma' } });
    });
    const node = await screen.findByTestId('graph-node-c');
    fireEvent.click(node);
    fireEvent.keyDown(window, { key: 'a', ctrlKey: true });
    fireEvent.keyDown(window, { key: 'Delete' });
    await waitFor(() => expect(graph.state.nodes.size).toBe(0));
    expect(await screen.findByText('This graph is empty')).toBeDefined();
  });

  it('imports a chosen file and opens the graph when it is done', async () => {
    platform.answers['graphs.import'] = ({ fileName }) => {
      expect(fileName).toBe('Cargo.lock');
      return { importId: 'i1', graphId: 'new' };
    };
    await open();
    const input = document.querySelector('input[type=file]');
    if (input === null) throw new Error('no file input');
    fireEvent.change(input, { target: { files: [new File(['version = 4'], 'Cargo.lock')] } });
    await waitFor(() =>
      expect(platform.calls.map((call) => call.operation)).toContain('graphs.import'),
    );
    const progress = { importId: 'i1', graphId: 'new', name: 'Cargo.lock', total: 10 };
    act(() => platform.emit({ imports: [{ ...progress, done: 4, state: 'running' }] }));
    expect(await screen.findByText('4 of 10')).toBeDefined();
    platform.addGraph('new', 'Cargo.lock');
    act(() => platform.emit({ imports: [{ ...progress, done: 10, state: 'done' }] }));
    await waitFor(() => expect(window.location.hash).toBe('#/graph/new'));
  });

  it('opens another window by key and by name, where the host has windows', async () => {
    platform.openWindow = vi.fn(async () => undefined);
    await open();
    fireEvent.keyDown(window, { key: 'N', ctrlKey: true, shiftKey: true });
    expect(platform.openWindow).toHaveBeenCalledTimes(1);
    fireEvent.click(screen.getByText('Commands'));
    fireEvent.click(await screen.findByText('Open another window'));
    expect(platform.openWindow).toHaveBeenCalledTimes(2);
  });

  it('says why no window was opened', async () => {
    platform.openWindow = () => Promise.reject(new Error('too many windows'));
    await open();
    fireEvent.keyDown(window, { key: 'N', ctrlKey: true, shiftKey: true });
    expect(await screen.findByText('too many windows')).toBeDefined();
  });

  it('offers no window where the host has none', async () => {
    await open();
    fireEvent.click(screen.getByText('Commands'));
    expect(await screen.findByText('Theme like the system')).toBeDefined();
    expect(screen.queryByText('Open another window')).toBeNull();
  });

  it('says why an import failed', async () => {
    await open();
    act(() =>
      platform.emit({
        imports: [
          {
            importId: 'i2',
            graphId: 'x',
            name: 'broken.json',
            total: 0,
            done: 0,
            state: 'failed',
            error: 'line 3: expected a comma',
          },
        ],
      }),
    );
    expect(await screen.findByText('line 3: expected a comma')).toBeDefined();
  });

  it('reaches every page, and no page that does not exist', async () => {
    await open();
    const links = within(screen.getByRole('navigation')).getAllByRole('link');
    expect(links.map((link) => link.getAttribute('data-testid'))).toEqual([
      'nav-overview',
      'nav-graph',
      'nav-conflicts',
      'nav-lab',
      'nav-queues',
      'nav-alerts',
      'nav-system',
      'nav-audit',
      'nav-reports',
      'nav-settings',
    ]);
    act(() => {
      window.location.hash = '#/overview';
    });
    const card = await screen.findByTestId('overview-queue_depth');
    await waitFor(() => expect(card.textContent).toContain('4'));
    expect(screen.getByTestId('overview-conflict_rate-now').textContent).toBe('7 %');
    expect(screen.getByText('Redis is up')).toBeDefined();
    act(() => {
      window.location.hash = '#/settings';
    });
    expect(await screen.findByText('durable: a confirmed edit is on disk')).toBeDefined();
    expect(await screen.findByText('No tokens yet.')).toBeDefined();
  });
});
