/** What a person sees of the others: avatars, contested nodes, undo, roles. */
import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeGraph, FakePlatform } from '../platform/fake';
import type { CommandBody } from '../protocol';
import { App } from './app';

vi.mock('uplot', () => ({ default: class {} }));

const nobody = {
  onFrame: () => undefined,
  onStatus: () => undefined,
  position: () => undefined,
  partial: () => undefined,
  onRestored: () => undefined,
  onDurable: () => undefined,
};

describe('together on the fake platform', () => {
  let platform: FakePlatform;
  let graph: FakeGraph;

  beforeEach(() => {
    localStorage.clear();
    platform = new FakePlatform();
    graph = platform.addGraph('g', 'Demo graph');
    graph.edit({ type: 'CREATE_NODE', payload: { id: 'a', title: 'Alpha' } });
    graph.edit({ type: 'CREATE_NODE', payload: { id: 'b', title: 'Beta' } });
    window.location.hash = '#/graph/g';
  });

  const open = async () => {
    render(<App platform={platform} />);
    return screen.findByTestId('graph-node-a');
  };
  const rename = (node: HTMLElement, title: string) => {
    fireEvent.doubleClick(within(node).getByText(/Alpha|Beta|mine/));
    const input = within(node).getByLabelText('Title');
    fireEvent.change(input, { target: { value: title } });
    fireEvent.blur(input);
  };
  const byAnother = (title: string): CommandBody => ({
    type: 'UPDATE_NODE',
    payload: { id: 'a', patch: { title } },
  });

  it('shows who is here, and until when', async () => {
    await open();
    expect(screen.queryByTestId('peer-avatars')).toBeNull();
    const bea = graph.open(nobody, 'Bea Berg');
    const avatar = await screen.findByRole('button', { name: 'Follow Bea Berg' });
    expect(avatar.textContent).toBe('BB');
    bea.sendPresence({ idle: true, selection: ['b'], cursor: { x: 1, y: 2 } });
    await screen.findByRole('button', { name: 'Follow Bea Berg, idle' });
    const layer = within(screen.getByTestId('peer-layer'));
    await waitFor(() => expect(layer.getByTestId('peer-ring-b').dataset.name).toBe('Bea Berg'));
    expect(layer.getByText('Bea Berg').className).toBe('peer-label');
    for (let more = 0; more < 7; more += 1) graph.open(nobody, `user ${more}`);
    await screen.findByText('+2');
    bea.close();
    await waitFor(() => expect(layer.queryByTestId('peer-ring-b')).toBeNull());
    expect(screen.queryByRole('button', { name: /Bea/ })).toBeNull();
  });

  it('follows somebody until Escape, which then leaves the selection alone', async () => {
    await open();
    graph.open(nobody, 'Bea');
    fireEvent.click(await screen.findByRole('button', { name: 'Follow Bea' }));
    expect(screen.getByTestId('follow-frame').textContent).toMatch(/^Following Bea/);
    expect(screen.getByRole('button', { name: 'Stop following Bea' })).toBeDefined();
    fireEvent.keyDown(window, { key: 'Escape' });
    expect(screen.queryByTestId('follow-frame')).toBeNull();
  });

  it('offers the choice on a contested node and takes it', async () => {
    // happy-dom lays nothing out, so the focus trap finds nothing visible to hold on to.
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const node = await open();
    graph.pause();
    rename(node, 'mine');
    graph.edit(byAnother('theirs'));
    graph.resume();
    const mark = await screen.findByTestId('contested-a');
    expect(screen.getByTestId('conflict-notice').textContent).toContain('1 field waits');
    expect(within(node).getByText('theirs')).toBeDefined();
    fireEvent.click(mark);
    const choice = within(await screen.findByTestId('conflict-choice'));
    expect(choice.getByLabelText('Before').textContent).toContain('Alpha');
    expect(choice.getByLabelText('By you').textContent).toContain('mine');
    fireEvent.click(choice.getByTestId('take-mine'));
    await within(node).findByText('mine');
    await waitFor(() => expect(screen.queryByTestId('contested-a')).toBeNull());
    expect(graph.state.conflicts.size).toBe(0);
  });

  it('undoes and redoes by button and key', async () => {
    const node = await open();
    const undo = screen.getByRole('button', { name: /^Undo/ });
    rename(node, 'mine');
    await within(node).findByText('mine');
    fireEvent.click(undo);
    await within(node).findByText('Alpha');
    fireEvent.keyDown(window, { key: 'Z', ctrlKey: true, shiftKey: true });
    await within(node).findByText('mine');
    fireEvent.keyDown(window, { key: 'z', ctrlKey: true });
    await within(node).findByText('Alpha');
    fireEvent.keyDown(window, { key: 'z', ctrlKey: true });
    await waitFor(() => expect(undo).toHaveProperty('disabled', true));
    await screen.findByText('Nothing to undo');
  });

  it('says in a toast what an undo left, by name', async () => {
    const node = await open();
    rename(node, 'mine');
    await within(node).findByText('mine');
    graph.edit(byAnother('theirs'));
    await within(node).findByText('theirs');
    fireEvent.keyDown(window, { key: 'z', ctrlKey: true });
    await screen.findByText(/1 field was left: title of “theirs”/);
  });

  it('is calm where one may only look, and clear where one may not', async () => {
    await open();
    graph.setAccess('comment');
    await screen.findByText(/You may comment in this graph, not change it/);
    expect(screen.getByRole('button', { name: /^Add a node/ })).toHaveProperty('disabled', true);
    graph.setAccess('none');
    await screen.findByText('This graph is not shared with you');
    expect(screen.getByRole('button', { name: 'Try again' })).toBeDefined();
    expect(screen.queryByTestId('graph-node-a')).toBeNull();
  });

  it('warns before leaving only while something is not kept', async () => {
    const node = await open();
    graph.setOnline(false);
    rename(node, 'mine');
    const leave = () => {
      const event = new Event('beforeunload', { cancelable: true });
      window.dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect(leave()).toBe(false);
    for (const connection of graph.connections) connection.keepsNothing();
    expect(leave()).toBe(true);
  });
});
