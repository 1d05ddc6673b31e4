import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { App } from '../../app/app';
import type { Profiles } from '../../platform';
import { FakePlatform } from '../../platform/fake';

const SOON = { timeout: 10_000 };

describe('the way into the lab', () => {
  let platform: FakePlatform & { directAccess?: () => never; profiles?: Profiles };

  beforeEach(() => {
    localStorage.clear();
    platform = new FakePlatform();
    platform.addGraph('g', 'Everybody’s graph');
    platform.directAccess = () => {
      throw new Error('not in this test');
    };
    window.location.hash = '#/lab';
  });

  const open = async () => {
    render(<App platform={platform} />);
    return (await screen.findByTestId('lab-scratch', {}, SOON)) as HTMLButtonElement;
  };
  const choose = async () => {
    fireEvent.click(await screen.findByPlaceholderText('Choose a graph', {}, SOON));
    fireEvent.click(await screen.findByText('Everybody’s graph (0 nodes)', {}, SOON));
    return screen.getByRole('button', { name: 'Open' }) as HTMLButtonElement;
  };

  it('says so where a page may not connect by itself', async () => {
    delete platform.directAccess;
    render(<App platform={platform} />);
    expect(await screen.findByText('The Lab needs connections of its own', {}, SOON)).toBeDefined();
  });

  it('makes a scratch graph with nodes in it, or says why it did not', async () => {
    const create = vi.fn(() => ({
      graphId: 'scratch',
      name: 'Lab',
      ownerId: 'tester',
      createdAt: 1,
      updatedAt: 1,
    }));
    platform.answers['graphs.create'] = create;
    platform.answers['commands.send'] = () => ({
      operationId: 'o',
      outcome: { status: 'rejected', code: 'storage_full', message: 'the storage is full' },
    });
    const button = await open();
    fireEvent.click(button);
    expect(await screen.findByText('the storage is full', {}, SOON)).toBeDefined();
    expect(window.location.hash).toBe('#/lab');
    const sent = platform.calls.find(({ operation }) => operation === 'commands.send');
    expect(sent?.payload).toMatchObject({ type: 'BATCH_UPDATE', payload: { atomic: true } });
    expect(create).toHaveBeenCalledWith({ name: expect.stringMatching(/^Lab \d{4}-\d\d-\d\d /) });
  });

  it('opens another graph at once, but in production only with consent', async () => {
    await open();
    const button = await choose();
    expect(button.disabled).toBe(false);
    act(() => platform.emit({ environment: 'production' }));
    expect(await screen.findByText('This is production', {}, SOON)).toBeDefined();
    const again = await choose();
    expect(again.disabled).toBe(true);
    fireEvent.click(screen.getByLabelText('I may change graphs in production'));
    await waitFor(() => expect(again.disabled).toBe(false));
  });

  it('has nothing to offer to a read-only profile', async () => {
    const profile = {
      id: 'p',
      name: 'P',
      kind: 'embedded',
      environment: 'local',
      readOnly: true,
      hasToken: false,
    } as const;
    const list = async () => ({
      profiles: [profile],
      activeId: 'p',
      tokenStore: 'keyring' as const,
    });
    platform.profiles = { list } as Profiles;
    const button = await open();
    expect(await screen.findByText('This profile is read-only', {}, SOON)).toBeDefined();
    expect(button.disabled).toBe(true);
    expect((await choose()).disabled).toBe(true);
  });
});
