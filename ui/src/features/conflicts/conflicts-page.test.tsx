import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { App } from '../../app/app';
import { FakePlatform } from '../../platform/fake';
import { FakeCollaboration } from '../../platform/fake/collaboration';
import { giveLayout } from '../../platform/fake/layout';
import { clearFilters, setFilters, useConflictView } from './conflict-view';

// There is no 2D canvas in happy-dom; what charts draw is looked at in the browser flows.
vi.mock('uplot', () => ({
  default: class {
    static paths = {};
    setData() {}
    setSize() {}
    destroy() {}
  },
}));

describe('the conflicts page', () => {
  let platform: FakePlatform;
  let server: FakeCollaboration;

  beforeEach(() => {
    giveLayout();
    localStorage.clear();
    setFilters({ status: 'open' });
    clearFilters();
    platform = new FakePlatform();
    platform.addGraph('g', 'Demo graph');
    platform.addGraph('h', 'Other graph');
    server = new FakeCollaboration(platform);
    server.addConflict('g', { entityId: 'a' });
    server.addConflict('g', { entityId: 'b', field: 'data.price', base: 1, mine: 2, theirs: 3 });
    server.addConflict('h', { entityId: 'c', field: 'data.tags', mine: ['x'], theirs: { y: 1 } });
    window.location.hash = '#/conflicts';
  });

  const open = async () => {
    render(<App platform={platform} />);
    return screen.findByTestId('conflict-detail', {}, { timeout: 10_000 });
  };
  const options = () => {
    const list = screen.queryByRole('listbox', { name: 'Conflicts' });
    return list === null ? [] : within(list).queryAllByRole('option');
  };
  const press = (key: string) => fireEvent.keyDown(window, { key });
  const resolution = (index: number) => server.conflicts[index]?.record?.resolution;

  it('lists what is open, newest first, and shows the three values', async () => {
    const detail = await open();
    expect(options()).toHaveLength(3);
    expect(detail.textContent).toContain('data.tags of node c');
    expect(within(detail).getByLabelText('Base: before both').textContent).toContain('Alpha');
    expect(within(detail).getByLabelText('Mine: wanted by ada').textContent).toContain('"x"');
    expect(within(detail).getByLabelText('Theirs: stored by bob').textContent).toContain('"y"');
    expect(within(detail).getByText('Show on graph').getAttribute('href')).toBe('#/graph/h/c');
    await waitFor(() =>
      expect(screen.getByTestId('nav-conflicts').getAttribute('aria-label')).toBe(
        'Conflicts, 3 open conflicts',
      ),
    );
  });

  it('is worked through by keys', async () => {
    const detail = await open();
    press('j');
    await waitFor(() => expect(detail.textContent).toContain('data.price of node b'));
    press('m');
    await waitFor(() => expect(resolution(1)?.choice).toBe('mine'));
    expect(resolution(1)?.value).toBe(2);
    await waitFor(() => expect(detail.textContent).toContain('title of node a'));
    press('k');
    await waitFor(() => expect(detail.textContent).toContain('data.tags of node c'));
    press('t');
    await waitFor(() => expect(resolution(2)?.choice).toBe('theirs'));
    await waitFor(() => expect(options()).toHaveLength(1));
  });

  it('has a list that is gone through, ticked and followed by key', async () => {
    await open();
    const list = screen.getByRole('listbox', { name: 'Conflicts' });
    fireEvent.keyDown(list, { key: 'End' });
    await waitFor(() => expect(list.getAttribute('aria-activedescendant')).toBe('conflict-c-1'));
    fireEvent.keyDown(list, { key: ' ' });
    await waitFor(() => expect(options().at(-1)?.getAttribute('aria-selected')).toBe('true'));
    fireEvent.keyDown(list, { key: 'Enter' });
    await waitFor(() => expect(window.location.hash).toBe('#/graph/g/a'));
  });

  it('takes a number of one’s own, and no word for it', async () => {
    const detail = await open();
    press('j');
    await waitFor(() => expect(detail.textContent).toContain('data.price'));
    press('e');
    const form = await screen.findByLabelText('Edit the value');
    fireEvent.click(within(form).getByText('JSON'));
    fireEvent.change(within(form).getByLabelText('Value'), { target: { value: '{' } });
    expect(form.textContent).toContain('Not JSON');
    const save = within(form).getByText('Write this value').closest('button');
    expect(save?.disabled).toBe(true);
    fireEvent.change(within(form).getByLabelText('Value'), { target: { value: '2.5' } });
    fireEvent.submit(form);
    await waitFor(() => expect(resolution(1)).toMatchObject({ choice: 'edited', value: 2.5 }));
  });

  it('says what settling many will do, and how each ended', async () => {
    await open();
    fireEvent.click(screen.getByLabelText('Tick all open conflicts of the list'));
    press('m');
    const dialog = await screen.findByRole('dialog');
    expect(dialog.textContent).toContain('Writes “mine” to 3 fields in 2 graphs.');
    server.refuseNext = { status: 'rejected', code: 'forbidden', message: 'you may only look' };
    fireEvent.click(within(dialog).getByText('Choose mine for all 3'));
    await waitFor(() => expect(dialog.textContent).toContain('2 of 3 settled, 1 not'));
    expect(dialog.textContent).toContain('you may only look (forbidden)');
    expect(server.conflicts.filter(({ record }) => record?.resolution)).toHaveLength(2);
  });

  it('keeps what was refused, with the reason', async () => {
    await open();
    server.refuseNext = { status: 'rejected', code: 'forbidden', message: 'you may only look' };
    press('m');
    expect(await screen.findByText('you may only look')).toBeDefined();
    expect(options()).toHaveLength(3);
  });

  it('shows who chose what, and what policies settled', async () => {
    await open();
    press('m');
    await waitFor(() => expect(resolution(2)?.choice).toBe('mine'));
    const policy = server.conflicts[0];
    if (policy === undefined) throw new Error('no conflict');
    delete policy.record;
    policy.note = { ...policy.note, resolution: 'last_write_wins', winner: 'mine' };
    act(() => setFilters({ status: 'resolved' }));
    await waitFor(() => expect(options()).toHaveLength(2));
    const detail = await screen.findByTestId('conflict-detail');
    expect(detail.textContent).toContain('Chose mine as version 9');
    press('j');
    await waitFor(() => expect(detail.textContent).toContain('last write wins. The late change'));
    expect(within(detail).queryByText('Mine')).toBeNull();
  });

  it('narrows by text and by who met it, and says when nothing is left', async () => {
    await open();
    fireEvent.change(screen.getByLabelText('Search entities and values'), {
      target: { value: 'price' },
    });
    await waitFor(() => expect(options()).toHaveLength(1));
    fireEvent.change(screen.getByLabelText('Search entities and values'), {
      target: { value: 'nothing like it' },
    });
    expect(await screen.findByText('No conflict matches')).toBeDefined();
    fireEvent.click(screen.getByText('Clear filters'));
    await waitFor(() => expect(options()).toHaveLength(3));
    expect(useConflictView.getState().filters).toEqual({ status: 'open' });
  });

  it('says that nothing waits, and why the list cannot be read', async () => {
    server.conflicts = [];
    const { unmount } = render(<App platform={platform} />);
    expect(await screen.findByText('Nothing to settle', {}, { timeout: 10_000 })).toBeDefined();
    expect(screen.queryByTestId('open-conflicts')).toBeNull();
    unmount();
    platform.answers['conflicts.list'] = () => Promise.reject(new Error('the store is away'));
    render(<App platform={platform} />);
    expect(await screen.findByText('The conflicts cannot be read')).toBeDefined();
    expect(screen.getByText('the store is away')).toBeDefined();
  });

  it('reads again on news, and says of when it is if it cannot', async () => {
    await open();
    const news = (value: number) =>
      act(() => platform.emit({ at: value, points: [{ name: 'open_conflicts', value }] }));
    news(3);
    server.addConflict('g', { entityId: 'd' });
    news(4);
    await waitFor(() => expect(options()).toHaveLength(4));
    expect(screen.getByText('Live')).toBeDefined();
    platform.answers['conflicts.list'] = () => Promise.reject(new Error('the store is away'));
    news(5);
    expect(await screen.findByText(/^Stale: what you see is of/)).toBeDefined();
    expect(options()).toHaveLength(4);
  });
});
