import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { App } from '../../app/app';
import { FakePlatform } from '../../platform/fake';
import { giveLayout } from '../../platform/fake/layout';
import { FakeRecords } from '../../platform/fake/records';

vi.mock('uplot', () => ({ default: class {} }));

const DAY_MS = 86_400_000;

describe('the reports page', () => {
  let platform: FakePlatform;
  let records: FakeRecords;

  beforeEach(() => {
    giveLayout();
    localStorage.clear();
    platform = new FakePlatform();
    platform.addGraph('g', 'Demo graph').role = 'operator';
    records = new FakeRecords(platform);
    window.location.hash = '#/reports';
  });

  const open = async () => {
    render(<App platform={platform} />);
    return screen.findByTestId('technical', {}, { timeout: 10_000 });
  };

  it('shows target, actual and verdict, and for how much of the time they count', async () => {
    records.coverage = 0.42;
    const technical = await open();
    const row = within(technical).getByTestId('target-command_p95');
    for (const word of ['< 100 ms', '12.4 ms', 'met']) expect(row.textContent).toContain(word);
    expect(within(row).queryByText('Enter…')).toBeNull();
    expect(screen.getByText(/measured for only 42 % of that time/)).toBeDefined();
    expect(screen.getByTestId('target-adoption').textContent).toContain('not entered');
  });

  it('takes a figure by hand with where it comes from, and gives it back', async () => {
    await open();
    fireEvent.click(screen.getByLabelText('Enter Adoption'));
    const form = await screen.findByRole('form', { name: 'Enter a figure' });
    const note = within(form).getByLabelText('Where it comes from');
    fireEvent.change(note, { target: { value: 'x'.repeat(301) } });
    expect(form.textContent).toContain('At most 300 characters; these are 301');
    fireEvent.change(note, { target: { value: ' survey ' } });
    fireEvent.submit(form);
    expect(records.entered).toEqual([]);
    fireEvent.change(within(form).getByLabelText('Value'), { target: { value: '84' } });
    fireEvent.submit(form);
    await waitFor(() =>
      expect(records.entered).toEqual([{ key: 'adoption', value: 84, note: 'survey' }]),
    );
    const row = screen.getByTestId('target-adoption');
    await waitFor(() => expect(row.textContent).toContain('84 %'));
    expect(row.textContent).toContain('tester: survey');
    fireEvent.click(screen.getByLabelText('Enter Adoption'));
    fireEvent.click(await screen.findByText('Take it back'));
    await waitFor(() => expect(row.textContent).toContain('not entered'));
    expect(records.entered.at(-1)?.value).toBeNull();
  });

  it('is saved in the chosen form, of the chosen time', async () => {
    await open();
    fireEvent.click(within(screen.getByTestId('time-range')).getByLabelText('7 d'));
    fireEvent.click(screen.getByText('Save the report'));
    fireEvent.click(await screen.findByText('Page with charts (HTML)'));
    await waitFor(() => expect(platform.saved).toHaveLength(1));
    expect(platform.saved[0]).toMatchObject({ name: 'report.html', text: 'the report' });
    const [report] = records.reports;
    expect(report?.format).toBe('html');
    expect(Math.abs(Date.now() - 7 * DAY_MS - (report?.from ?? 0))).toBeLessThan(60_000);
  });
});
