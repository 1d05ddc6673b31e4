import type { AlertEvent } from '../../generated/AlertEvent';
import type { AlertRule } from '../../generated/AlertRule';
import type { AlertStatus } from '../../generated/AlertStatus';
import type { SeriesInfo } from '../../generated/SeriesInfo';
import type { SeriesRequest } from '../../generated/SeriesRequest';
import type { Webhook } from '../../generated/Webhook';
import type { ResponseOf } from '../../protocol';
import { ApiFailure } from '../platform';
import type { FakePlatform } from '.';

const MINUTE_MS = 60_000;
const STEPS_DEFAULT = 600;

/** Series with a history, and alerts on them, for Vitest. */
export class FakeWatching {
  series: SeriesInfo[] = [
    {
      name: 'queue_depth',
      unit: 'jobs',
      help: 'Jobs that wait or run',
      metric: 'bullmq_queue_size',
      group: 'queues',
    },
    {
      name: 'command_p95_ms',
      unit: 'ms',
      help: '95 % of the commands were faster',
      metric: 'histogram_quantile(0.95, optimistic_command_duration_seconds)',
      group: 'commands',
    },
  ];
  /** Since when history is kept. */
  since = 0;
  rules: AlertStatus[] = [];
  events: AlertEvent[] = [];
  webhook: Webhook | null = null;
  /** Why the next trial of the webhook fails. */
  webhookFault: string | null = null;
  readonly asked: SeriesRequest[] = [];

  constructor(platform: FakePlatform) {
    const { answers } = platform;
    answers['series.list'] = () => ({ series: this.series });
    answers['series.range'] = (request) => this.range(request);
    answers['alerts.list'] = () => ({
      at: Date.now(),
      rules: this.rules,
      events: this.events,
      webhook: this.webhook,
    });
    answers['alerts.save'] = (rule) => this.save(rule);
    answers['alerts.remove'] = ({ ruleId }) => {
      this.rules = this.rules.filter((status) => status.rule.ruleId !== ruleId);
      return {};
    };
    answers['alerts.acknowledge'] = ({ ruleId }) =>
      this.change(ruleId, (status) => ({ ...status, acknowledgedBy: 'tester' }));
    answers['alerts.snooze'] = ({ ruleId, minutes }) =>
      this.change(ruleId, (status) => ({
        ...status,
        snoozedUntil: minutes === 0 ? null : Date.now() + minutes * MINUTE_MS,
      }));
    answers['alerts.set_webhook'] = ({ url }) => {
      this.webhook = url === null ? null : { url, deliveredAt: null, error: null };
      return {};
    };
    answers['alerts.test_webhook'] = () => this.tryWebhook();
  }

  addRule(part: Partial<AlertRule>, status: Partial<AlertStatus> = {}): AlertStatus {
    const rule: AlertRule = {
      ruleId: `rule-${this.rules.length + 1}`,
      title: 'Queue too deep',
      series: 'queue_depth',
      comparison: 'above',
      limit: 100,
      forSeconds: 60,
      severity: 'warning',
      onNoData: 'hold',
      enabled: true,
      note: '',
      ...part,
    };
    const added: AlertStatus = {
      rule,
      builtIn: false,
      unit: this.series.find(({ name }) => name === rule.series)?.unit ?? '',
      state: 'ok',
      since: Date.now() - 5 * MINUTE_MS,
      value: 4,
      acknowledgedBy: null,
      snoozedUntil: null,
      ...status,
    };
    this.rules = [...this.rules, added];
    return added;
  }

  private save(rule: AlertRule): AlertStatus {
    const info = this.series.find(({ name }) => name === rule.series);
    if (info === undefined) {
      throw new ApiFailure({
        code: 'invalid',
        message: `there is no series ${rule.series}`,
        field: 'series',
        retryable: false,
        traceId: 'fake',
      });
    }
    const known = this.rules.some((status) => status.rule.ruleId === rule.ruleId);
    if (!known) return this.addRule(rule, { state: 'unknown', value: null });
    const state = rule.enabled ? 'ok' : 'off';
    return this.change(rule.ruleId, (status) => ({ ...status, rule, state }));
  }

  private change(ruleId: string, how: (status: AlertStatus) => AlertStatus): AlertStatus {
    const before = this.rules.find((status) => status.rule.ruleId === ruleId);
    if (before === undefined) throw new Error(`there is no rule ${ruleId}`);
    const after = how(before);
    this.rules = this.rules.map((status) => (status === before ? after : status));
    return after;
  }

  private tryWebhook(): Webhook {
    if (this.webhook === null) throw new Error('there is no webhook');
    const taken = this.webhookFault === null ? Date.now() : this.webhook.deliveredAt;
    this.webhook = { ...this.webhook, deliveredAt: taken, error: this.webhookFault };
    return this.webhook;
  }

  /** A wave of even steps with a gap in the middle: nothing was measured there. */
  private range(request: SeriesRequest): ResponseOf<'series.range'> {
    this.asked.push(request);
    const { names, from, to = Date.now(), stepsMax = STEPS_DEFAULT } = request;
    const stepMs = Math.max(1_000, Math.floor((to - from) / stepsMax / 1_000) * 1_000);
    const count = Math.max(1, Math.floor((to - from) / stepMs));
    const at = Array.from({ length: count }, (_, index) => from + index * stepMs);
    const isGap = (index: number) =>
      (at[index] ?? 0) < this.since || Math.abs(index - count / 2) < count / 20;
    const wave = (index: number) => 20 + 15 * Math.sin((12 * index) / count);
    const values = (add: number) => at.map((_, index) => (isGap(index) ? null : wave(index) + add));
    return {
      stepMs,
      at,
      series: names.map((name) => {
        const { unit = '', help = '' } = this.series.find((one) => one.name === name) ?? {};
        return { name, unit, help, mean: values(0), min: values(-4), max: values(7) };
      }),
      since: this.since,
      alerts: this.events
        .filter((event) => names.includes(event.series) && (event.to ?? to) >= from)
        .map(({ ruleId, title, series, from: began, to: ended }) => ({
          ruleId,
          title,
          series,
          from: began,
          to: ended,
        })),
    };
  }
}
