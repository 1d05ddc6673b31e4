import { Button, Menu } from '@mantine/core';
import type { AlertStatus } from '../../generated/AlertStatus';
import { formatDateTime } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { BarredButton, useOperateBar, WithReason } from '../../shared/operating';
import { isSnoozed } from '../../shared/use-alerts';
import { useAlertChange } from './use-alert-change';

const DURATIONS: { minutes: number; label: string }[] = [
  { minutes: 15, label: '15 minutes' },
  { minutes: 60, label: '1 hour' },
  { minutes: 240, label: '4 hours' },
  { minutes: 1_440, label: '1 day' },
  { minutes: 10_080, label: '7 days' },
];

/** Says to everybody that somebody looks after it. */
export function Acknowledge({ ruleId, title }: { ruleId: string; title: string }) {
  const bar = useOperateBar();
  const { change, isPending } = useAlertChange(
    'alerts.acknowledge',
    'The alert was not acknowledged',
  );
  return (
    <BarredButton
      bar={bar}
      size="compact-xs"
      aria-label={`Acknowledge ${title}`}
      // Not disabled meanwhile: it would lose the focus.
      onClick={() => isPending || change({ ruleId })}
    >
      Acknowledge
    </BarredButton>
  );
}

/** Keeps a rule from telling anybody for a while; it is watched all the same. */
export function Snooze({ status, now }: { status: AlertStatus; now: number }) {
  const { ruleId, title } = status.rule;
  const bar = useOperateBar();
  const { change } = useAlertChange('alerts.snooze', 'The rule was not snoozed');
  const until = isSnoozed(status, now) ? status.snoozedUntil : null;
  const label =
    until === null ? `Snooze ${title}` : `Snoozed until ${formatDateTime(until)}: ${title}`;
  const button = (
    <Button
      size="compact-xs"
      variant={until === null ? 'default' : 'light'}
      rightSection={<Icon name="chevron" size={11} />}
      disabled={bar !== undefined}
      aria-label={label}
    >
      {until === null ? 'Snooze' : `until ${formatDateTime(until).slice(11, 16)}`}
    </Button>
  );
  if (bar !== undefined) return <WithReason reason={bar}>{button}</WithReason>;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown>
        <Menu.Label fz={12}>Tell nobody for</Menu.Label>
        {DURATIONS.map(({ minutes, label: text }) => (
          <Menu.Item key={minutes} onClick={() => change({ ruleId, minutes })}>
            {text}
          </Menu.Item>
        ))}
        {until === null ? null : (
          <>
            <Menu.Divider />
            <Menu.Item onClick={() => change({ ruleId, minutes: 0 })}>End the snooze</Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
