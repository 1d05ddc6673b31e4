import { ActionIcon, Menu, Switch, Tooltip } from '@mantine/core';
import { modals } from '@mantine/modals';
import type { AlertState } from '../../generated/AlertState';
import type { AlertStatus } from '../../generated/AlertStatus';
import { formatDateTime, formatDuration, formatLimit, formatValue } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { useOperateBar, WithReason } from '../../shared/operating';
import { displayUnit, titleOf } from '../../shared/series-names';
import { type Tone, ToneMark } from '../../shared/tone-mark';
import { Snooze } from './alert-actions';
import { openRuleForm } from './open-rule-form';
import { useAlertChange } from './use-alert-change';

const STATES: Record<AlertState, { tone: Tone; text: string; about: string }> = {
  firing: { tone: 'bad', text: 'firing', about: 'The limit has been breached for long enough.' },
  pending: {
    tone: 'warn',
    text: 'pending',
    about: 'The limit is breached, not yet for long enough.',
  },
  unknown: { tone: 'quiet', text: 'no values', about: 'The series had no value yet.' },
  ok: { tone: 'ok', text: 'ok', about: 'The value is within its limit.' },
  off: { tone: 'quiet', text: 'off', about: 'Nobody watches it.' },
};

export function RuleTable(props: {
  rules: readonly AlertStatus[];
  /** All rules, shown or not. */
  taken: readonly AlertStatus[];
  now: number;
}) {
  const { rules, taken, now } = props;
  if (rules.length === 0) return <p className="dim">No rules yet.</p>;
  return (
    <div className="scroll-x">
      <table className="plain-table rule-table">
        <thead>
          <tr>
            <th>Rule</th>
            <th>State</th>
            <th className="number">Value</th>
            <th>Limit</th>
            <th className="rule-since">For</th>
            <th>Watched</th>
            <th aria-label="Actions" />
          </tr>
        </thead>
        <tbody>
          {rules.map((status) => (
            <RuleRow key={status.rule.ruleId} status={status} rules={taken} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RuleRow(props: { status: AlertStatus; rules: readonly AlertStatus[]; now: number }) {
  const { status, rules, now } = props;
  const { rule, since, state, value } = status;
  const unit = displayUnit(status.unit);
  const { tone, text, about: stateAbout } = STATES[state];
  const parts = [rule.severity, titleOf(rule.series), rule.note];
  const about = parts.filter((part) => part !== '').join(' · ');
  return (
    <tr data-testid={`rule-${rule.ruleId}`}>
      <td>
        <div>{rule.title}</div>
        <div className="dim rule-series" title={about}>
          {about}
        </div>
      </td>
      <td>
        <Tooltip label={stateAbout}>
          <span>
            <ToneMark tone={tone}>{text}</ToneMark>
          </span>
        </Tooltip>
      </td>
      <td className="number">{formatValue(value, unit)}</td>
      <td className="number-left">
        {rule.comparison} {formatLimit(rule.limit, unit)}
        <span className="dim rule-lasting">
          {rule.forSeconds > 0 ? ` for ${formatDuration(rule.forSeconds * 1000)}` : ''}
        </span>
      </td>
      <td className="dim number-left rule-since" title={formatDateTime(since)}>
        {state === 'off' ? '–' : formatDuration(now - since)}
      </td>
      <td>
        <Watched status={status} />
      </td>
      <td>
        <div className="row-actions">
          <Snooze status={status} now={now} />
          <RuleMenu status={status} rules={rules} />
        </div>
      </td>
    </tr>
  );
}

function Watched({ status }: { status: AlertStatus }) {
  const { rule } = status;
  const bar = useOperateBar();
  const { change, isPending } = useAlertChange('alerts.save', 'The rule was not changed');
  return (
    <WithReason reason={bar}>
      <Switch
        size="xs"
        aria-label={`Watch ${rule.title}`}
        checked={rule.enabled}
        disabled={bar !== undefined}
        onChange={() => isPending || change({ ...rule, enabled: !rule.enabled })}
      />
    </WithReason>
  );
}

function RuleMenu(props: { status: AlertStatus; rules: readonly AlertStatus[] }) {
  const { status, rules } = props;
  const { rule, builtIn } = status;
  const bar = useOperateBar();
  const { change } = useAlertChange('alerts.remove', 'The rule was not removed');
  const remove = () =>
    modals.openConfirmModal({
      title: builtIn
        ? `Take “${rule.title}” back to how Graphy brings it?`
        : `Remove “${rule.title}”?`,
      children: builtIn
        ? 'Its limit, its time and its note become the default again.'
        : 'Nobody is told any more when this happens. What fired stays in the history.',
      labels: { confirm: builtIn ? 'Back to the default' : 'Remove', cancel: 'Keep' },
      confirmProps: builtIn ? {} : { color: 'red' },
      onConfirm: () => change({ ruleId: rule.ruleId }),
    });
  const button = (
    <ActionIcon size="sm" aria-label={`Change ${rule.title}`} disabled={bar !== undefined}>
      <Icon name="edit" size={13} />
    </ActionIcon>
  );
  if (bar !== undefined) return <WithReason reason={bar}>{button}</WithReason>;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => openRuleForm(rule, rules)}>Edit…</Menu.Item>
        <Menu.Item onClick={() => openRuleForm({ ...rule, ruleId: '' }, rules)}>
          Copy as a new rule…
        </Menu.Item>
        <Menu.Item {...(builtIn ? {} : { color: 'red' })} onClick={remove}>
          {builtIn ? 'Back to the default…' : 'Remove…'}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
