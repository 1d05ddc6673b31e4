import { fireEvent, render, screen, within } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import { App } from '../../app/app';
import type { ResyncGraph } from '../../generated/ResyncGraph';
import type { SessionRow } from '../../generated/SessionRow';
import type { SystemInfo } from '../../generated/SystemInfo';
import { FakePlatform } from '../../platform/fake';
import { FakeCollaboration } from '../../platform/fake/collaboration';
import { giveLayout } from '../../platform/fake/layout';

function session(userId: string, clientId: string): SessionRow {
  const now = Date.now();
  return {
    sessionId: `session-${clientId}`,
    graphId: 'g',
    clientId,
    userId,
    name: userId,
    node: 'one',
    joinedAt: now - 60_000,
    lastActivity: now,
    clientVersion: 3,
  };
}

describe('people who have a graph open', () => {
  let platform: FakePlatform;
  let asked: ResyncGraph[];

  beforeEach(() => {
    giveLayout();
    localStorage.clear();
    platform = new FakePlatform();
    platform.addGraph('g', 'Demo graph').role = 'operator';
    const people = new FakeCollaboration(platform);
    people.sessions = [session('Ada', 'ada-1'), session('Bob', 'bob-1'), session('Ada', 'ada-2')];
    platform.answers['overview.get'] = () => ({ since: 0, stepMs: 1_000, series: [], events: [] });
    asked = [];
    platform.answers['graphs.resync'] = (request) => {
      asked.push(request);
      return { jobId: String(asked.length) };
    };
    window.location.hash = '#/overview';
  });

  it('are resynced by an operator, all windows of one and nobody else', async () => {
    render(<App platform={platform} />);
    const people = await screen.findByTestId('people', {}, { timeout: 10_000 });
    fireEvent.click(await within(people).findByLabelText('Help Ada'));
    const item = await screen.findByRole('menuitem', { name: /Resync/ });
    expect(item.textContent).toContain('the 2 windows of Ada what is missing');
    fireEvent.click(item);
    expect(await screen.findByText('2 windows of Ada will be resynced')).toBeTruthy();
    expect(screen.getByText('Job 1, 2 of sync-operations')).toBeTruthy();
    expect(asked).toEqual([
      { graphId: 'g', clientId: 'ada-1' },
      { graphId: 'g', clientId: 'ada-2' },
    ]);
  });

  it('cannot be resynced through a server in read-only mode', async () => {
    const readOnly = { readOnly: true } as SystemInfo;
    platform.answers['system.info'] = () => readOnly;
    render(<App platform={platform} />);
    const people = await screen.findByTestId('people', {}, { timeout: 10_000 });
    const button = await within(people).findByLabelText('Help Ada');
    expect((button as HTMLButtonElement).disabled).toBe(true);
  });
});
