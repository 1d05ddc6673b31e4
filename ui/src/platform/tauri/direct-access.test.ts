import { describe, expect, it, vi } from 'vitest';
import type { Platform, Profile, ProfileList } from '../platform';
import { directAccess } from './direct-access';

const profile = (part: Partial<Profile>): ProfileList => ({
  profiles: [
    {
      id: 'p',
      name: 'P',
      kind: 'embedded',
      environment: 'local',
      readOnly: false,
      hasToken: false,
      ...part,
    },
  ],
  activeId: 'p',
  tokenStore: 'keyring',
});

const ANSWERS: Record<string, unknown> = {
  'system.info': { apiUrl: 'http://127.0.0.1:4711' },
  'tokens.create': { token: 'gk_lab_secret', tokenId: 'lab' },
  'tokens.revoke': {},
};

describe('direct access of a window', () => {
  const asked = vi.fn(async (operation: string, _payload: unknown) => ANSWERS[operation]);
  const open = (part: Partial<Profile> = {}) =>
    directAccess(asked as unknown as Platform['rpc'], { list: async () => profile(part) });

  it('has a token of its own, of an editor and for a day, and gives it back', async () => {
    asked.mockClear();
    const access = await open();
    expect(access.origin).toBe('http://127.0.0.1:4711');
    expect(access.token()).toBe('gk_lab_secret');
    access.release();
    expect(asked.mock.calls.slice(1)).toEqual([
      ['tokens.create', { name: 'Lab', role: 'editor', expiresInDays: 1 }],
      ['tokens.revoke', { tokenId: 'lab' }],
    ]);
  });

  it.each([
    [{ readOnly: true }, 'forbidden'],
    [{ kind: 'remote', url: 'https://far.example' } as const, 'unavailable'],
  ])('is not given with %j', async (part, code) => {
    asked.mockClear();
    await expect(open(part)).rejects.toMatchObject({ code });
    expect(asked).not.toHaveBeenCalled();
  });
});
