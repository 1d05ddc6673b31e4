import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { App } from '../../app/app';
import type { Profile, ProfileDraft, ProfileList, Profiles } from '../../platform';
import { FakePlatform } from '../../platform/fake';

// There is no 2D canvas in happy-dom; what charts draw is looked at in the browser flows.
vi.mock('uplot', () => ({ default: class {} }));

const own: Profile = {
  id: 'embedded',
  name: 'This computer',
  kind: 'embedded',
  environment: 'local',
  readOnly: false,
  hasToken: false,
};
const live: Profile = {
  id: 'p1',
  name: 'Live',
  kind: 'remote',
  url: 'http://10.0.0.1:7400',
  environment: 'production',
  readOnly: false,
  hasToken: true,
};

/** Keeps profiles as the desktop does, and notes what it was asked. */
class FakeProfiles implements Profiles {
  readonly kept: ProfileList = {
    profiles: [own, live],
    activeId: 'embedded',
    tokenStore: 'keyring',
  };
  readonly saved: ProfileDraft[] = [];
  readonly activated: string[] = [];
  list = async () => structuredClone(this.kept);
  remove = async (id: string) => {
    this.kept.profiles = this.kept.profiles.filter((profile) => profile.id !== id);
  };
  activate = async (id: string) => {
    this.activated.push(id);
    this.kept.activeId = id;
  };
  test = async (draft: ProfileDraft) =>
    draft.token === undefined
      ? ({ result: 'unauthorized', message: 'there is no token' } as const)
      : ({ result: 'ok', version: '0.1.0', environment: 'lab', latencyMs: 3 } as const);
  save = async (draft: ProfileDraft) => {
    this.saved.push(draft);
    const { token, id = 'p2', ...rest } = draft;
    const kind = 'remote' as const;
    const profile = { ...rest, id, kind, hasToken: token !== undefined };
    this.kept.profiles.push(profile);
    return profile;
  };
}

describe('the deployments in the settings', () => {
  let platform: FakePlatform & { profiles?: Profiles };
  let profiles: FakeProfiles;

  beforeEach(() => {
    localStorage.clear();
    platform = new FakePlatform();
    profiles = new FakeProfiles();
    platform.answers['tokens.list'] = () => ({ tokens: [] });
    window.location.hash = '#/settings';
  });

  const open = async () => {
    platform.profiles = profiles;
    render(<App platform={platform} />);
    return within(await screen.findByTestId('profile-Live'));
  };

  it('are not there where the host knows only the one it came from', async () => {
    render(<App platform={platform} />);
    await screen.findByText('Access tokens');
    expect(screen.queryByText('Deployments')).toBeNull();
    expect(screen.queryByTestId('deployment-badge')).toBeNull();
  });

  it('says which one is in use, and asks before edits go to production', async () => {
    const row = await open();
    expect(screen.getByTestId('deployment-badge').textContent).toBe('This computer · local');
    fireEvent.click(row.getByText('Switch'));
    expect(profiles.activated).toEqual([]);
    fireEvent.click(await screen.findByText('Switch to production'));
    await waitFor(() => expect(profiles.activated).toEqual(['p1']));
    await waitFor(() =>
      expect(screen.getByTestId('deployment-badge').textContent).toBe('Live · production'),
    );
  });

  it('marks a deployment through which nothing can be changed, without a question', async () => {
    profiles.kept.profiles = [own, { ...live, readOnly: true }];
    const row = await open();
    fireEvent.click(row.getByText('Switch'));
    await waitFor(() => expect(profiles.activated).toEqual(['p1']));
    expect(await screen.findByTestId('read-only-badge')).toBeDefined();
  });

  it('warns when tokens are kept in a file', async () => {
    profiles.kept.tokenStore = 'file';
    profiles.kept.tokenWarning = 'This session has no keyring.';
    await open();
    expect(screen.getByTestId('token-warning').textContent).toContain('no keyring');
  });

  it('adds a deployment after a trial, and keeps what is not filled in as it was', async () => {
    await open();
    fireEvent.click(screen.getByText('Add a deployment'));
    const form = within(await screen.findByRole('dialog'));
    const fill = (label: string, value: string) =>
      fireEvent.change(form.getByLabelText(label), { target: { value } });
    fill('Name', 'Stage');
    fill('Address', 'http://h:1');
    fireEvent.click(form.getByText('Test connection'));
    await form.findByText('Not let in');
    fill('Access token', 'secret');
    fireEvent.click(form.getByText('Test connection'));
    await form.findByText('Connected');
    fireEvent.click(form.getByRole('button', { name: 'Save' }));
    await screen.findByTestId('profile-Stage');
    expect(profiles.saved).toMatchObject([{ name: 'Stage', url: 'http://h:1', token: 'secret' }]);
  });

  it('forgets a deployment only when asked twice, and never the one inside', async () => {
    const row = await open();
    expect(within(screen.getByTestId('profile-This computer')).queryByText('Delete')).toBeNull();
    fireEvent.click(row.getByText('Delete'));
    const dialog = within(await screen.findByRole('dialog'));
    fireEvent.click(dialog.getByText('Delete'));
    await waitFor(() => expect(screen.queryByTestId('profile-Live')).toBeNull());
  });
});
