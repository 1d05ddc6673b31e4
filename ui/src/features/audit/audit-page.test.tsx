import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { App } from '../../app/app';
import { FakePlatform } from '../../platform/fake';
import { giveLayout } from '../../platform/fake/layout';
import { FakeRecords } from '../../platform/fake/records';

vi.mock('uplot', () => ({ default: class {} }));

describe('the audit page', () => {
  let platform: FakePlatform;
  let records: FakeRecords;

  beforeEach(() => {
    giveLayout();
    localStorage.clear();
    platform = new FakePlatform();
    records = new FakeRecords(platform);
    window.location.hash = '#/audit';
  });

  const open = async (entryId: string) => {
    render(<App platform={platform} />);
    return screen.findByTestId(`audit-${entryId}`, {}, { timeout: 10_000 });
  };
  const rows = () => screen.queryAllByTestId(/^audit-\d+$/);

  it('goes back page by page, with no entry twice and none left out', async () => {
    for (let count = 0; count < 120; count += 1) records.addEntry();
    await open('120');
    expect(rows()).toHaveLength(50);
    fireEvent.click(screen.getByText('Show older entries'));
    await waitFor(() => expect(rows()).toHaveLength(100));
    fireEvent.click(screen.getByText('Show older entries'));
    await waitFor(() => expect(rows()).toHaveLength(120));
    const ids = rows().map((row) => Number(row.getAttribute('data-testid')?.slice(6)));
    expect(ids).toEqual(Array.from({ length: 120 }, (_, index) => 120 - index));
    expect(screen.getByText(/^That is all: the oldest entry is of/)).toBeDefined();
    expect(screen.queryByText('Show older entries')).toBeNull();
  });

  it('shows who did what to what, how it ended, and what was asked', async () => {
    records.addEntry({ outcome: 'failed', result: 'the queue is away' });
    const row = await open('1');
    for (const word of ['ada', 'queues.pause', 'queue graph-commands', 'failed']) {
      expect(row.textContent).toContain(word);
    }
    expect(row.textContent).toContain('the queue is away');
    expect(screen.queryByText(/"queue": "graph-commands"/)).toBeNull();
    fireEvent.click(within(row).getByLabelText(/^Details of queues.pause/));
    expect(screen.getByText(/"queue": "graph-commands"/)).toBeDefined();
    expect(screen.getByText('trace-1')).toBeDefined();
  });

  it('narrows by person and by the beginning of an operation', async () => {
    records.addEntry({ userId: 'ada', operation: 'queues.pause' });
    records.addEntry({ userId: 'bob', operation: 'alerts.save' });
    records.addEntry({ userId: 'bob', operation: 'queues.resume' });
    const row = await open('3');
    fireEvent.click(within(row).getByText('bob'));
    await waitFor(() => expect(rows()).toHaveLength(2));
    fireEvent.change(screen.getByLabelText('Operation begins with', { selector: 'input' }), {
      target: { value: 'queues.' },
    });
    await waitFor(() => expect(rows()).toHaveLength(1));
    const asked = platform.calls.filter(({ operation }) => operation === 'audit.list').at(-1);
    expect(asked?.payload).toMatchObject({ userId: 'bob', operation: 'queues.' });
    fireEvent.change(screen.getByLabelText('User'), { target: { value: 'nobody' } });
    expect(await screen.findByText('No entry matches')).toBeDefined();
    fireEvent.click(screen.getByText('Clear filters'));
    await waitFor(() => expect(rows()).toHaveLength(3));
  });

  it('says that nothing was operated, and why the log cannot be read', async () => {
    const { unmount } = render(<App platform={platform} />);
    expect(
      await screen.findByText('Nothing has been operated yet', {}, { timeout: 10_000 }),
    ).toBeDefined();
    unmount();
    platform.answers['audit.list'] = () => Promise.reject(new Error('the store is away'));
    render(<App platform={platform} />);
    expect(await screen.findByText('The audit log cannot be read')).toBeDefined();
  });
});
