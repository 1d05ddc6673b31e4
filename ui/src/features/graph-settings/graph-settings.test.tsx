import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { App } from '../../app/app';
import { FakePlatform } from '../../platform/fake';
import { FakeCollaboration } from '../../platform/fake/collaboration';
import { giveLayout } from '../../platform/fake/layout';
import { FakeRecords } from '../../platform/fake/records';

vi.mock('uplot', () => ({ default: class {} }));

const LONG = { timeout: 10_000 };

describe('the settings of a graph', () => {
  let platform: FakePlatform;
  let server: FakeCollaboration;

  beforeEach(() => {
    giveLayout();
    localStorage.clear();
    platform = new FakePlatform();
    const graph = platform.addGraph('g', 'Demo graph');
    graph.edit({ type: 'CREATE_NODE', payload: { id: 'a', title: 'Alpha' } });
    server = new FakeCollaboration(platform);
    server.settings = { policy: { 'data.price': 'MANUAL' }, grants: { bob: 'view' } };
    window.location.hash = '#/graph/g';
  });

  const open = async () => {
    render(<App platform={platform} />);
    await screen.findByTestId('graph-node-a', {}, { timeout: 10_000 });
    fireEvent.keyDown(window, { key: ',', ctrlKey: true });
    return screen.findByTestId('graph-settings', {}, { timeout: 10_000 });
  };
  const choose = async (label: string, option: string) => {
    const input = screen.getByLabelText(label, { selector: 'input' });
    fireEvent.click(input);
    await waitFor(() => expect(input.getAttribute('aria-controls')).not.toBeNull());
    const list = document.getElementById(input.getAttribute('aria-controls') ?? '');
    if (list === null) throw new Error(`${label} has no list`);
    fireEvent.click(within(list).getByText(option));
  };
  const submit = (settings: HTMLElement, label: string) => {
    const form = within(settings).getByText(label).closest('form');
    if (form === null) throw new Error(`${label} is in no form`);
    fireEvent.submit(form);
  };

  it('renames the graph', async () => {
    const settings = await open();
    const name = within(settings).getByLabelText('Name of the graph');
    fireEvent.change(name, { target: { value: '  ' } });
    expect(settings.textContent).toContain('A graph needs a name');
    fireEvent.change(name, { target: { value: 'Better' } });
    submit(settings, 'Rename');
    await waitFor(() => expect(platform.graphs.get('g')?.meta.name).toBe('Better'));
  });

  it('chooses a strategy for a field, and goes back to the default', async () => {
    const settings = await open();
    expect(settings.textContent).toContain('Both changes are kept where they do not touch');
    await choose('Strategy for title', 'A person decides');
    await waitFor(() => expect(server.settings.policy.title).toBe('MANUAL'));
    fireEvent.click(await within(settings).findByLabelText('Reset title to the default'));
    await waitFor(() => expect(server.settings.policy.title).toBeUndefined());
  });

  it('gives a key of data a strategy of its own, once', async () => {
    const settings = await open();
    const key = within(settings).getByLabelText('Key of data');
    fireEvent.change(key, { target: { value: 'price' } });
    expect(settings.textContent).toContain('It has a strategy already');
    fireEvent.change(key, { target: { value: 'data.note' } });
    submit(settings, 'Add a key');
    await waitFor(() => expect(server.settings.policy['data.note']).toBe('MANUAL'));
    expect(await within(settings).findByLabelText('Reset data.note to the default')).toBeDefined();
  });

  it('adds a person, but no nonsense and nobody twice', async () => {
    const settings = await open();
    const field = within(settings).getByLabelText('User id');
    const type = (value: string) => fireEvent.change(field, { target: { value } });
    type('bo b');
    expect(settings.textContent).toContain('Letters, digits');
    type('bob');
    expect(settings.textContent).toContain('This person has a role already');
    type('tester');
    expect(settings.textContent).toContain('The owner may do everything already');
    type('eve');
    submit(settings, 'Add a person');
    await waitFor(() => expect(server.settings.grants.eve).toBe('edit'));
    expect(await within(settings).findByTestId('grant-eve')).toBeDefined();
  });

  it('asks before somebody loses a role', async () => {
    const settings = await open();
    fireEvent.click(within(settings).getByLabelText('Remove the role of bob'));
    expect(await screen.findByText(/bob has the role of everyone else: edit/)).toBeDefined();
    expect(server.sent).toEqual([]);
    fireEvent.click(screen.getByText('Remove'));
    await waitFor(() => expect(server.settings.grants.bob).toBeUndefined());
  });

  it('shows what somebody else changes, and says why a change was refused', async () => {
    const settings = await open();
    server.refuseNext = { status: 'rejected', code: 'forbidden', message: 'not your graph' };
    await choose('Role of everyone else', 'view');
    expect(await screen.findByText('not your graph')).toBeDefined();
    expect(server.settings.grants['*']).toBeUndefined();
    server.settings.grants.eve = 'admin';
    expect(await within(settings).findByTestId('grant-eve', {}, { timeout: 5_000 })).toBeDefined();
  });

  it('makes a snapshot, lists it, and saves it', async () => {
    const records = new FakeRecords(platform);
    const settings = await open();
    expect(await within(settings).findByText('None yet.')).toBeDefined();
    fireEvent.click(within(settings).getByText('Make one now'));
    expect(await within(settings).findByTestId('snapshot-s-1', {}, LONG)).toBeDefined();
    expect(records.snapshots).toHaveLength(1);
    fireEvent.click(within(settings).getByLabelText('Save the snapshot of version 1'));
    await waitFor(() => expect(platform.saved[0]?.name).toBe('s-1.json'));
  });

  it('is read only below admin, and says why', async () => {
    server.access = 'edit';
    const settings = await open();
    expect(settings.textContent).toContain('Read only: your role in this graph is edit');
    expect(within(settings).queryByText('Rename')).toBeNull();
    expect(within(settings).queryByLabelText('Strategy for title')).toBeNull();
    expect(within(settings).queryByText('Add a person')).toBeNull();
  });
});
