import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { App } from '../../app/app';
import { FakePlatform } from '../../platform/fake';
import { giveLayout } from '../../platform/fake/layout';
import { FakeWatching } from '../../platform/fake/watching';
import { formatLimit, formatShare } from '../../shared/format';
import { faultsOf, NEW_RULE, sentenceOf, toRule } from './rule-draft';
import { faultOfUrl } from './webhook-section';

vi.mock('uplot', () => ({ default: class {} }));

describe('a rule that is being written', () => {
  const whole = { ...NEW_RULE, title: 'Too deep', series: 'queue_depth', limit: 10 };

  it('needs a title, a series and a limit', () => {
    expect(Object.keys(faultsOf(NEW_RULE)).sort()).toEqual(['limit', 'series', 'title']);
    expect(faultsOf(whole)).toEqual({});
    expect(faultsOf({ ...whole, limit: 0 })).toEqual({});
    expect(faultsOf({ ...whole, limit: '-' }).limit).toBe('The limit must be a number');
  });

  it('is told each limit that it breaks', () => {
    expect(faultsOf({ ...whole, title: 'x'.repeat(121) }).title).toContain('At most 120');
    expect(faultsOf({ ...whole, forSeconds: 86_401 }).forSeconds).toContain('86,400');
    expect(faultsOf({ ...whole, forSeconds: 1.5 }).forSeconds).toContain('Whole seconds');
    expect(faultsOf({ ...whole, note: 'x'.repeat(1_001) }).note).toContain('these are 1,001');
  });

  it('gets a name that no other rule has, and keeps the one it has', () => {
    expect(toRule(whole, new Set()).ruleId).toBe('too-deep');
    expect(toRule(whole, new Set(['too-deep', 'too-deep-2'])).ruleId).toBe('too-deep-3');
    expect(toRule({ ...whole, ruleId: 'old' }, new Set(['old'])).ruleId).toBe('old');
    expect(toRule({ ...whole, title: '§ §' }, new Set()).ruleId).toBe('rule');
    const long = toRule({ ...whole, title: 'x'.repeat(120) }, new Set()).ruleId;
    expect(long.length).toBeLessThanOrEqual(64);
  });

  it('is said in one sentence', () => {
    const info = { name: 'queue_depth', unit: 'jobs', help: '', metric: '', group: '' };
    expect(sentenceOf({ ...whole, forSeconds: 90 }, info)).toBe(
      'Fires when “Queue depth” is above 10 jobs for 1 min.',
    );
    expect(sentenceOf({ ...whole, forSeconds: 0 }, info)).toContain(', at once.');
  });
});

it('limits are said as they were set, and nothing is rounded to all', () => {
  expect(formatLimit(0.9995, 'share')).toBe('99.95 %');
  expect(formatLimit(1.5, 'times')).toBe('1.5 times');
  expect(formatLimit(1_000, 'jobs')).toBe('1,000 jobs');
  expect(formatLimit(1, '')).toBe('1');
  expect([0.99996, 0.999, 1, 0.07].map(formatShare)).toEqual([
    '99.99 %',
    '99.90 %',
    '100 %',
    '7 %',
  ]);
});

it('the address of a webhook is looked at before it is sent', () => {
  expect(faultOfUrl('https://example.org/hook')).toBeUndefined();
  expect(faultOfUrl('ftp://example.org')).toContain('http://');
  expect(faultOfUrl('https://')).toBe('This is no address');
  expect(faultOfUrl(`https://example.org/${'x'.repeat(2_000)}`)).toContain('2,000');
});

describe('the alerts page', () => {
  let platform: FakePlatform;
  let watching: FakeWatching;

  beforeEach(() => {
    giveLayout();
    localStorage.clear();
    platform = new FakePlatform();
    platform.addGraph('g', 'Demo graph').role = 'operator';
    watching = new FakeWatching(platform);
    watching.addRule({ ruleId: 'calm', title: 'Calm' });
    watching.addRule(
      { ruleId: 'deep', title: 'Too deep', severity: 'critical' },
      { state: 'firing', value: 480 },
    );
    window.location.hash = '#/alerts';
  });

  const open = async () => {
    render(<App platform={platform} />);
    return screen.findByTestId('rules', {}, { timeout: 10_000 });
  };
  const rule = (ruleId: string) => watching.rules.find((status) => status.rule.ruleId === ruleId);

  it('shows what fires first, with value and limit, and counts it in the bell', async () => {
    const rules = await open();
    expect(screen.getByTestId('firing-deep').textContent).toContain(
      '480 jobs, limit above 100 jobs',
    );
    const rows = within(rules).getAllByRole('row').slice(1);
    expect(rows.map((row) => row.getAttribute('data-testid'))).toEqual(['rule-deep', 'rule-calm']);
    expect(screen.getByTestId('alert-bell').textContent).toBe('1');
    fireEvent.click(screen.getByTestId('alert-bell'));
    expect((await screen.findByTestId('bell-list')).textContent).toContain('Too deep');
  });

  it('is acknowledged, and says by whom', async () => {
    await open();
    fireEvent.click(screen.getByLabelText('Acknowledge Too deep'));
    await waitFor(() =>
      expect(screen.getByTestId('firing-deep').textContent).toContain('looked after by'),
    );
    expect(rule('deep')?.acknowledgedBy).toBe('tester');
    expect(screen.queryByLabelText('Acknowledge Too deep')).toBeNull();
  });

  it('is snoozed for a while, which quiets the bell, and woken again', async () => {
    await open();
    const firing = screen.getByTestId('firing-deep');
    fireEvent.click(within(firing).getByLabelText('Snooze Too deep'));
    fireEvent.click(await screen.findByText('4 hours'));
    await waitFor(() => expect(firing.textContent).toContain('nobody is told until'));
    expect((rule('deep')?.snoozedUntil ?? 0) - Date.now()).toBeGreaterThan(239 * 60_000);
    await waitFor(() => expect(screen.getByTestId('alert-bell').textContent).toBe(''));
    fireEvent.click(within(firing).getByLabelText(/^Snoozed until/));
    fireEvent.click(await screen.findByText('End the snooze'));
    await waitFor(() => expect(rule('deep')?.snoozedUntil).toBeNull());
    await waitFor(() => expect(screen.getByTestId('alert-bell').textContent).toBe('1'));
  });

  it('turns a rule off and on', async () => {
    await open();
    fireEvent.click(screen.getByLabelText('Watch Calm'));
    await waitFor(() => expect(rule('calm')?.state).toBe('off'));
    await waitFor(() => expect(screen.getByTestId('rule-calm').textContent).toContain('off'));
  });

  it('takes a new rule once it is whole, and shows what the server says at its field', async () => {
    await open();
    fireEvent.click(screen.getByText('New rule'));
    const form = await screen.findByRole('form', { name: 'Alert rule' });
    fireEvent.submit(form);
    expect(form.textContent).toContain('A rule needs a title');
    expect(form.textContent).toContain('Choose what is watched');
    expect(watching.rules).toHaveLength(2);
    fireEvent.change(within(form).getByLabelText('Title'), { target: { value: 'Slow' } });
    fireEvent.click(within(form).getByPlaceholderText('Choose a series'));
    fireEvent.click(await screen.findByText('Command latency, p95'));
    fireEvent.change(within(form).getByLabelText('Limit, in ms'), { target: { value: '250' } });
    expect(form.textContent).toContain('Fires when “Command latency, p95” is above 250 ms');
    const known = watching.series;
    watching.series = [];
    fireEvent.submit(form);
    expect(await within(form).findByText('there is no series command_p95_ms')).toBeDefined();
    watching.series = known;
    fireEvent.submit(form);
    await waitFor(() => expect(screen.queryByRole('form', { name: 'Alert rule' })).toBeNull());
    expect(rule('slow')?.rule).toMatchObject({ limit: 250, forSeconds: 60, title: 'Slow' });
    expect(await screen.findByTestId('rule-slow')).toBeDefined();
  });

  it('asks before a rule goes', async () => {
    await open();
    fireEvent.click(screen.getByLabelText('Change Calm'));
    fireEvent.click(await screen.findByText('Remove…'));
    expect(await screen.findByText(/Nobody is told any more/)).toBeDefined();
    expect(rule('calm')).toBeDefined();
    fireEvent.click(screen.getByText('Remove'));
    await waitFor(() => expect(rule('calm')).toBeUndefined());
  });

  it('tells of news wherever one is, once, and reads the list again', async () => {
    window.location.hash = '#/settings';
    render(<App platform={platform} />);
    await waitFor(() => expect(screen.getByTestId('alert-bell').textContent).toBe('1'));
    watching.addRule({ ruleId: 'new', title: 'New one' }, { state: 'firing' });
    const notice = {
      ruleId: 'new',
      title: 'New one',
      severity: 'warning' as const,
      firing: true,
      text: '7 jobs, limit above 5 jobs',
      at: 5,
    };
    act(() => platform.emit({ alerts: [notice] }));
    act(() => platform.emit({ alerts: [notice] }));
    expect(await screen.findByText('New one (warning)')).toBeDefined();
    expect(screen.getAllByText('7 jobs, limit above 5 jobs')).toHaveLength(1);
    await waitFor(() => expect(screen.getByTestId('alert-bell').textContent).toBe('2'));
    act(() => platform.emit({ alerts: [{ ...notice, firing: false, at: 6, text: 'is 3 jobs' }] }));
    expect(await screen.findByText('Over: New one')).toBeDefined();
    await waitFor(() => expect(screen.queryByText('New one (warning)')).toBeNull());
  });

  it('sets a webhook, tries it, and shows why it failed', async () => {
    await open();
    const part = screen.getByTestId('webhook');
    const field = within(part).getByLabelText('Address of the webhook');
    fireEvent.change(field, { target: { value: 'example.org' } });
    expect(part.textContent).toContain('begins with http://');
    fireEvent.change(field, { target: { value: 'https://example.org/hook' } });
    fireEvent.submit(field);
    fireEvent.click(await within(part).findByText('Send a trial'));
    await waitFor(() => expect(part.textContent).toContain('went well'));
    watching.webhookFault = 'the address answered 503';
    fireEvent.click(within(part).getByText('Send a trial'));
    await waitFor(() => expect(part.textContent).toContain('the address answered 503'));
    fireEvent.click(within(part).getByText('Remove…'));
    const remove = await screen.findByRole('button', { name: 'Remove the webhook' });
    expect(part.textContent).not.toContain('Nothing is sent anywhere');
    fireEvent.click(remove);
    await waitFor(() => expect(part.textContent).toContain('Nothing is sent anywhere'));
  });

  it('changes nothing in read-only mode, and says why', async () => {
    platform.answers['system.info'] = () => ({
      version: '1',
      environment: 'test',
      redisUrl: '',
      redisVersion: '7',
      apiUrl: '',
      ackLevel: 'durable',
      startedAt: 0,
      pid: 1,
      readOnly: true,
    });
    await open();
    expect((await screen.findByTestId('read-only-badge')).textContent).toBe('read-only');
    const button = screen.getByLabelText('Acknowledge Too deep') as HTMLButtonElement;
    await waitFor(() => expect(button.disabled).toBe(true));
    expect(screen.getAllByLabelText(/read-only mode/).length).toBeGreaterThan(3);
  });

  it('does not look quiet while the store is away', async () => {
    await open();
    expect(screen.queryByTestId('store-away')).toBeNull();
    const away = { code: 'unavailable', retryable: true, traceId: 'trace-1' };
    platform.answers['alerts.list'] = () =>
      Promise.reject(Object.assign(new Error('the store does not answer'), away));
    const severity = 'info' as const;
    const notice = { ruleId: 'none', title: 'News', severity, firing: false, at: 1, text: 'over' };
    act(() => platform.emit({ alerts: [notice] }));
    expect((await screen.findByTestId('store-away')).textContent).toContain(
      'Redis does not answer',
    );
    const firing = screen.getByTestId('firing');
    expect(firing.textContent).toContain('when it was last read');
    expect(firing.textContent).toContain('cannot be read now: the store does not answer');
    expect(await screen.findByText(/^Stale: what you see is of/)).toBeDefined();
  });

  it('hides the bell from those who may not see alerts', async () => {
    const forbidden = Object.assign(new Error('no'), {
      code: 'forbidden',
      retryable: false,
      traceId: '',
    });
    platform.answers['alerts.list'] = () => Promise.reject(forbidden);
    render(<App platform={platform} />);
    expect(
      await screen.findByText('The alerts cannot be read', {}, { timeout: 10_000 }),
    ).toBeDefined();
    expect(screen.queryByTestId('alert-bell')).toBeNull();
  });
});
