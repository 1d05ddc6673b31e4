import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { App } from '../../app/app';
import { FakePlatform } from '../../platform/fake';
import { giveLayout } from '../../platform/fake/layout';
import { FakeWatching } from '../../platform/fake/watching';
import { describeSpan, faultOfSpan, LIVE, spanOf, useChartRange } from '../time-range';
import { momentLabel } from './axes';
import { csvOfLive, csvOfPast } from './csv';
import { lonely, marksAt } from './options';
import { summaryOf } from './range-chart';

const plots = vi.hoisted(() => ({ data: [] as unknown[][] }));

// There is no 2D canvas in happy-dom; what charts draw is looked at in the browser flows.
vi.mock('uplot', () => ({
  default: class {
    static paths = {};
    constructor(_options: unknown, data: unknown[]) {
      plots.data.push(data);
    }
    setData(data: unknown[]) {
      plots.data.push(data);
    }
    setSize() {}
    destroy() {}
  },
}));

const HOUR_MS = 3_600_000;
const past = {
  name: 'depth',
  history: {
    stepMs: 60_000,
    at: [0, 60_000, 120_000],
    since: 0,
    series: [
      {
        name: 'depth',
        unit: 'jobs',
        help: '',
        mean: [0, null, 2.5],
        min: [0, null, 1],
        max: [0, null, 4],
      },
    ],
    alerts: [{ ruleId: 'r', title: 'Too deep', series: 'depth', from: 90_000, to: null }],
  },
};

describe('what is saved of a chart', () => {
  it('has a line for each step, and empty fields where nothing was measured', () => {
    expect(csvOfPast(past)).toBe(
      [
        'start,depth_mean,depth_min,depth_max',
        '1970-01-01T00:00:00.000Z,0,0,0',
        '1970-01-01T00:01:00.000Z,,,',
        '1970-01-01T00:02:00.000Z,2.5,1,4',
        '',
      ].join('\n'),
    );
    expect(csvOfLive('depth', { at: [1, 2], values: [7, null] })).toBe(
      'at,depth\n1970-01-01T00:00:01.000Z,7\n1970-01-01T00:00:02.000Z,\n',
    );
  });

  it('is said in words, with what fired', () => {
    expect(summaryOf(past, 'jobs')).toMatch(/^from 0 jobs to 4 jobs since .*, 1 alert$/);
    expect(summaryOf({ ...past, name: 'other' }, 'jobs')).toBe('nothing was measured in this time');
  });
});

describe('what is drawn', () => {
  it('shows a value between two gaps as a point', () => {
    expect(lonely([1, null, 2, null, 3, 4])).toEqual([0, 2]);
    expect(lonely([null, null])).toEqual([]);
  });

  it('names the alerts of a moment; one without an end still fires', () => {
    const marks = past.history.alerts;
    expect(marksAt(marks, 89_000)).toEqual([]);
    expect(marksAt(marks, 9e9)).toEqual(marks);
    const over = marks.map((mark) => ({ ...mark, to: 95_000 }));
    expect(marksAt(over, 96_000)).toEqual([]);
  });

  it('labels days over days, minutes over hours', () => {
    const noon = new Date(2026, 0, 5, 12, 30, 15).getTime() / 1000;
    const midnight = new Date(2026, 0, 5).getTime() / 1000;
    expect(momentLabel(noon, 5)).toBe('12:30:15');
    expect(momentLabel(noon, 600)).toBe('12:30');
    expect(momentLabel(midnight, 6 * 3_600)).toBe('5 Jan');
    expect(momentLabel(noon, 2 * 86_400)).toBe('5 Jan');
  });
});

describe('time ranges', () => {
  it('that end now have no end; others have both', () => {
    expect(spanOf({ kind: 'last', minutes: 60 }, 10 * HOUR_MS)).toEqual({ from: 9 * HOUR_MS });
    expect(spanOf({ kind: 'custom', from: 1, to: 2 }, 3)).toEqual({ from: 1, to: 2 });
  });

  it('say what is wrong with them, with the limit', () => {
    const now = 100 * 24 * HOUR_MS;
    expect(faultOfSpan(now - HOUR_MS, now, now)).toBeUndefined();
    expect(faultOfSpan(Number.NaN, now, now)).toContain('From needs');
    expect(faultOfSpan(now - 1_000, now, now)).toContain('at least one minute');
    expect(faultOfSpan(now + HOUR_MS, now + 2 * HOUR_MS, now)).toContain('in the past');
    expect(faultOfSpan(now - 40 * 24 * HOUR_MS, now, now)).toContain('30 days');
  });

  it('name the day of the end only where it is another one', () => {
    const at = (day: number, hour: number) => new Date(2026, 0, day, hour).getTime();
    expect(describeSpan(at(5, 9), at(5, 11))).toBe('2026-01-05 09:00 – 11:00');
    expect(describeSpan(at(5, 9), at(6, 11))).toBe('2026-01-05 09:00 – 2026-01-06 11:00');
  });
});

describe('the charts of the overview', () => {
  let platform: FakePlatform;
  let watching: FakeWatching;

  beforeEach(() => {
    giveLayout();
    localStorage.clear();
    plots.data = [];
    useChartRange.setState({ range: LIVE });
    platform = new FakePlatform();
    watching = new FakeWatching(platform);
    const series = (name: string) => ({
      name,
      unit: 'jobs',
      help: `About ${name}.`,
      metric: name,
      at: [1_000, 2_000],
      values: [4, 5],
    });
    platform.answers['overview.get'] = () => ({
      since: 0,
      stepMs: 1_000,
      events: [],
      series: [series('queue_depth'), series('unkept')],
    });
    window.location.hash = '#/overview';
  });

  const open = async () => {
    render(<App platform={platform} />);
    return screen.findByTestId('overview-queue_depth', {}, { timeout: 10_000 });
  };
  const card = () => screen.getByTestId('overview-queue_depth');
  const choose = (label: string) =>
    fireEvent.click(within(screen.getByTestId('time-range')).getByLabelText(label));

  it('are live at first, and read the history of a past range', async () => {
    await open();
    expect(watching.asked).toEqual([]);
    expect(plots.data.at(-1)).toHaveLength(2);
    choose('24 h');
    await waitFor(() => expect(card().textContent).toContain('per '));
    const [request] = watching.asked;
    expect(request?.names).toEqual(['queue_depth']);
    expect(request?.to).toBeUndefined();
    expect(Date.now() - (request?.from ?? 0)).toBeLessThan(24 * HOUR_MS + 60_000);
    expect(Date.now() - (request?.from ?? 0)).toBeGreaterThan(24 * HOUR_MS - 60_000);
    // Time, most, least and mean.
    expect(plots.data.at(-1)).toHaveLength(4);
    choose('Live');
    await waitFor(() => expect(card().textContent).toContain('since '));
    expect(plots.data.at(-1)).toHaveLength(2);
  });

  it('say how coarse they are, and since when anything is kept', async () => {
    watching.since = Date.now() - 2 * HOUR_MS;
    await open();
    choose('6 h');
    await waitFor(() => expect(card().textContent).toContain('per 1 min since'));
    expect(card().textContent).toContain('nothing older');
    expect(screen.getByText(/^history is kept since/)).toBeDefined();
    choose('1 h');
    await waitFor(() => expect(card().textContent).toContain('per 12 s since'));
    expect(card().textContent).not.toContain('nothing older');
  });

  it('show a time of one’s own', async () => {
    await open();
    fireEvent.click(screen.getByText('Custom'));
    const form = await screen.findByRole('form', { name: 'Custom time range' });
    const set = (label: string, value: string) =>
      fireEvent.change(within(form).getByLabelText(label), { target: { value } });
    set('From', '2999-01-01T10:00');
    expect(form.textContent).toContain('one minute before To');
    const day = new Date(Date.now() - 24 * HOUR_MS).toLocaleDateString('en-CA');
    set('From', `${day}T10:00`);
    set('To', `${day}T12:00`);
    fireEvent.submit(form);
    await waitFor(() => expect(watching.asked).toHaveLength(1));
    const from = new Date(`${day}T10:00`).getTime();
    expect(watching.asked[0]).toMatchObject({ from, to: from + 2 * HOUR_MS });
    expect(screen.getByText(`${day} 10:00 – 12:00`)).toBeDefined();
  });

  it('let go of the choice of a time on Escape, also before it has the focus', async () => {
    const toThePage: boolean[] = [];
    const page = (event: KeyboardEvent) => toThePage.push(!event.defaultPrevented);
    window.addEventListener('keydown', page);
    await open();
    const button = screen.getByRole('button', { name: 'Custom' });
    fireEvent.click(button);
    const form = await screen.findByRole('form', { name: 'Custom time range' });
    fireEvent.keyDown(button, { key: 'Escape' });
    await waitFor(() => expect(form.isConnected).toBe(false));
    fireEvent.keyDown(button, { key: 'Escape' });
    window.removeEventListener('keydown', page);
    expect(toThePage, 'the first one was not for the page').toEqual([false, true]);
    expect(watching.asked).toEqual([]);
  });

  it('name the alerts that fired in what they show', async () => {
    const now = Date.now();
    watching.events = [
      {
        eventId: '1',
        ruleId: 'r',
        title: 'Queue too deep',
        series: 'queue_depth',
        severity: 'critical',
        from: now - 3 * HOUR_MS,
        to: now - 2 * HOUR_MS,
        worst: 9,
        limit: 5,
        acknowledgedBy: null,
      },
    ];
    await open();
    choose('6 h');
    await waitFor(() => expect(card().textContent).toContain('1 alert'));
    choose('1 h');
    await waitFor(() => expect(card().textContent).toContain('per 12 s'));
    expect(card().textContent).not.toContain('1 alert');
  });

  it('are saved as figures of what is shown', async () => {
    await open();
    choose('15 min');
    await waitFor(() => expect(card().textContent).toContain('per '));
    fireEvent.click(screen.getByLabelText('Save the chart Queue depth'));
    fireEvent.click(await screen.findByText('Figures (CSV)'));
    await waitFor(() => expect(platform.saved).toHaveLength(1));
    const [file] = platform.saved;
    expect(file).toMatchObject({ name: 'queue_depth.csv', mime: 'text/csv' });
    const lines = file?.text?.trim().split('\n') ?? [];
    expect(lines[0]).toBe('start,queue_depth_mean,queue_depth_min,queue_depth_max');
    expect(lines.length).toBeGreaterThan(200);
    expect(lines.filter((line) => line.endsWith('Z,,,')).length).toBeGreaterThan(10);
  });

  it('say why there is no history, and go on when there is', async () => {
    const answer = platform.answers['series.range'];
    platform.answers['series.range'] = () => Promise.reject(new Error('the store is away'));
    await open();
    choose('1 h');
    expect(await screen.findByText('The history cannot be read')).toBeDefined();
    expect(screen.getByText('the store is away')).toBeDefined();
    platform.answers['series.range'] = answer;
    fireEvent.click(screen.getByText('Try again'));
    expect(await screen.findByTestId('overview-queue_depth')).toBeDefined();
    platform.answers['series.range'] = () => Promise.reject(new Error('the store is away'));
    act(() => useChartRange.setState({ range: { kind: 'last', minutes: 60 } }));
  });
});
