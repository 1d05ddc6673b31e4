import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { App } from '../../app/app';
import { type FakeGraph, FakePlatform } from '../../platform/fake';
import { FakeCollaboration } from '../../platform/fake/collaboration';
import { giveLayout } from '../../platform/fake/layout';
import { useHistoryState } from './history-state';

vi.mock('uplot', () => ({ default: class {} }));

describe('the history panel', () => {
  let platform: FakePlatform;
  let server: FakeCollaboration;
  let graph: FakeGraph;

  beforeEach(() => {
    giveLayout();
    localStorage.clear();
    useHistoryState.setState({ open: false, userId: undefined, entityId: undefined });
    platform = new FakePlatform();
    graph = platform.addGraph('g', 'Demo graph');
    graph.edit({ type: 'CREATE_NODE', payload: { id: 'a', title: 'Alpha' } });
    server = new FakeCollaboration(platform);
    rename('X', 'Y');
    rename('Y', 'Alpha', 'bob');
    window.location.hash = '#/graph/g';
  });

  const rename = (before: string, after: string, userId = 'ada') =>
    server.addEntry({
      userId,
      effects: [{ kind: 'changed', entity: 'node', entityId: 'a', field: 'title', before, after }],
    });
  const open = async () => {
    render(<App platform={platform} />);
    await screen.findByTestId('graph-node-a', {}, { timeout: 10_000 });
    fireEvent.keyDown(window, { key: 'h' });
    return screen.findByTestId('history-panel', {}, { timeout: 10_000 });
  };

  it('opens by key and says who did what', async () => {
    const panel = await open();
    const line = await within(panel).findByTestId('history-2');
    expect(line.textContent).toContain('renamed “Y” → “Alpha”');
    fireEvent.click(line);
    expect(line.getAttribute('aria-expanded')).toBe('true');
    const node = within(panel).getByTitle('Show node a on the canvas');
    fireEvent.click(node);
    await waitFor(() =>
      expect(document.querySelector('.entity-selected')?.textContent).toContain('Alpha'),
    );
    fireEvent.keyDown(line, { key: 'Escape' });
    expect(screen.queryByTestId('history-panel')).toBeNull();
  });

  it('holds news back while an entry is being read', async () => {
    const panel = await open();
    fireEvent.click(await within(panel).findByTestId('history-2'));
    rename('Alpha', 'Omega');
    act(() => {
      graph.edit({ type: 'UPDATE_NODE', payload: { id: 'a', patch: { title: 'Omega' } } });
    });
    const pill = await within(panel).findByText('1 new', {}, { timeout: 3_000 });
    expect(within(panel).queryByTestId('history-3')).toBeNull();
    fireEvent.click(pill);
    expect(await within(panel).findByTestId('history-3')).toBeDefined();
    expect(within(panel).queryByText('1 new')).toBeNull();
  });

  it('narrows to the selected node', async () => {
    server.addEntry({
      effects: [{ kind: 'created', entity: 'node', entityId: 'b', before: null, after: {} }],
    });
    const panel = await open();
    await within(panel).findByTestId('history-3');
    fireEvent.keyDown(window, { key: 'a', ctrlKey: true });
    await waitFor(() =>
      expect(within(panel).getByText('Selected node').closest('button')?.disabled).toBe(false),
    );
    fireEvent.click(within(panel).getByText('Selected node'));
    await waitFor(() => expect(within(panel).queryByTestId('history-3')).toBeNull());
    expect(await within(panel).findByTestId('history-2')).toBeDefined();
    fireEvent.click(within(panel).getByLabelText('Show all again, not only a'));
    expect(await within(panel).findByTestId('history-3')).toBeDefined();
  });

  it('restores a version after saying what that does', async () => {
    const panel = await open();
    fireEvent.click(await within(panel).findByTestId('history-1'));
    fireEvent.click(within(panel).getByText('Restore version 1…'));
    const dialog = await screen.findByRole('dialog');
    expect(dialog.textContent).toContain('What 1 later change did is taken back');
    fireEvent.click(within(dialog).getByText('Restore version 1'));
    await waitFor(() =>
      expect(server.sent).toEqual([
        { graphId: 'g', type: 'RESTORE_VERSION', payload: { version: 1 } },
      ]),
    );
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  it('lets nobody restore who may not edit', async () => {
    server.access = 'view';
    const panel = await open();
    fireEvent.click(await within(panel).findByTestId('history-1'));
    fireEvent.click(within(panel).getByText('Restore version 1…'));
    const dialog = await screen.findByRole('dialog');
    expect(await within(dialog).findByText(/Your role in this graph is view/)).toBeDefined();
    const button = within(dialog).getByText('Restore version 1').closest('button');
    expect(button?.disabled).toBe(true);
  });

  it('says why it cannot be read', async () => {
    platform.answers['history.list'] = () => Promise.reject(new Error('the store is away'));
    const panel = await open();
    expect(await within(panel).findByText('the store is away')).toBeDefined();
  });
});
