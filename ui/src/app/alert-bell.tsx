import './alert-bell.css';
import { Popover, Tooltip } from '@mantine/core';
import { useState } from 'react';
import type { AlertStatus } from '../generated/AlertStatus';
import type { ErrorCode } from '../protocol';
import { Flyout } from '../shared/flyout';
import { formatDateTime, formatDuration, plural } from '../shared/format';
import { Icon } from '../shared/icons';
import { Person } from '../shared/person';
import { hrefOf } from '../shared/route';
import { SeverityMark } from '../shared/tone-mark';
import { inOrder, isSnoozed, useAlerts, valueAgainstLimit } from '../shared/use-alerts';
import { useNow } from '../shared/use-now';

const SHOWN_MAX = 99;

/** How many alerts fire, and which, from every page. Absent for those who may not see alerts. */
export function AlertBell() {
  const [opened, setOpened] = useState(false);
  const { data, error } = useAlerts();
  const now = useNow(5_000);
  if (isAbsent(error?.code) || (data === undefined && !error)) return null;
  const firing = inOrder(data?.rules ?? []).filter(({ state }) => state === 'firing');
  const loud = firing.filter((status) => !isSnoozed(status, now));
  const label = error
    ? 'Alerts cannot be read'
    : firing.length === 0
      ? 'No alert fires'
      : `${plural(firing.length, 'alert')} firing`;
  return (
    <Flyout opened={opened} onChange={setOpened} position="bottom-end" width={380}>
      <Popover.Target>
        <Tooltip label={label} disabled={opened}>
          <button
            type="button"
            className="chip alert-bell"
            data-firing={loud.length > 0}
            data-testid="alert-bell"
            aria-label={label}
            onClick={() => setOpened((before) => !before)}
          >
            <Icon name="bell" size={14} />
            {error
              ? '?'
              : loud.length === 0
                ? null
                : loud.length > SHOWN_MAX
                  ? `${SHOWN_MAX}+`
                  : loud.length}
          </button>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <section aria-label="Firing alerts" className="bell-list" data-testid="bell-list">
          {error ? (
            <p className="bad">Alerts cannot be read: {error.message}</p>
          ) : firing.length === 0 ? (
            <p className="dim">No alert fires.</p>
          ) : (
            <ul>
              {firing.map((status) => (
                <FiringLine key={status.rule.ruleId} status={status} now={now} />
              ))}
            </ul>
          )}
          <a href={hrefOf('alerts')} data-autofocus onClick={() => setOpened(false)}>
            Rules and history
          </a>
        </section>
      </Popover.Dropdown>
    </Flyout>
  );
}

/** Who may not see alerts has no bell, nor has a server of before there were any. */
function isAbsent(code: ErrorCode | undefined): boolean {
  return code === 'forbidden' || code === 'not_found';
}

function FiringLine({ status, now }: { status: AlertStatus; now: number }) {
  const { rule, since, acknowledgedBy } = status;
  return (
    <li>
      <div className="bell-title">
        <SeverityMark severity={rule.severity} />
        <strong>{rule.title}</strong>
      </div>
      <div className="dim" title={`since ${formatDateTime(since)}`}>
        {valueAgainstLimit(status)}, for {formatDuration(now - since)}
        {isSnoozed(status, now) ? ', snoozed' : ''}
      </div>
      {acknowledgedBy ? (
        <div className="dim bell-person">
          looked after by <Person userId={acknowledgedBy} />
        </div>
      ) : null}
    </li>
  );
}
