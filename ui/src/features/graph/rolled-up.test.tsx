import { render, screen, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { App } from '../../app/app';
import { FakePlatform } from '../../platform/fake';
import { giveLayout } from '../../platform/fake/layout';

vi.mock('uplot', () => ({ default: class {} }));

describe('rolled-up progress', () => {
  let platform: FakePlatform;

  beforeEach(() => {
    giveLayout();
    localStorage.clear();
    platform = new FakePlatform();
    const graph = platform.addGraph('g', 'Demo graph');
    graph.edit({ type: 'CREATE_NODE', payload: { id: 'a', title: 'Alpha' } });
    graph.edit({ type: 'CREATE_NODE', payload: { id: 'b', title: 'Beta' } });
    window.location.hash = '#/graph/g';
  });

  const patience = { timeout: 10_000 };

  it('stands on nodes that have parts, with what it was made of', async () => {
    platform.answers['graph.progress'] = ({ graphId }) => ({
      graphId,
      version: 7,
      at: 1,
      nodes: [{ id: 'a', progress: 0.254, parts: 3 }],
      cut: false,
    });
    render(<App platform={platform} />);
    const bar = await screen.findByTestId('rolled-up-a', {}, patience);
    expect(bar.getAttribute('aria-valuenow')).toBe('25');
    expect(bar.title).toBe('25 %, rolled up from 3 nodes at version 7');
    expect(screen.queryByTestId('rolled-up-b')).toBeNull();
    expect(screen.getByTestId('graph-node-b')).toBeTruthy();
  });

  it('is not there while nothing was rolled up', async () => {
    platform.answers['graph.progress'] = ({ graphId }) => ({
      graphId,
      version: null,
      at: null,
      nodes: [],
      cut: false,
    });
    render(<App platform={platform} />);
    await screen.findByTestId('graph-node-a', {}, patience);
    const asked = () => platform.calls.some(({ operation }) => operation === 'graph.progress');
    await waitFor(() => expect(asked()).toBe(true));
    expect(screen.queryByTestId('rolled-up-a')).toBeNull();
  });
});
