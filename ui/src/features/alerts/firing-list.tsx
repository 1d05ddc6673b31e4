import type { AlertStatus } from '../../generated/AlertStatus';
import { formatDateTime, formatDuration } from '../../shared/format';
import { Person } from '../../shared/person';
import { titleOf } from '../../shared/series-names';
import { SeverityMark } from '../../shared/tone-mark';
import { isSnoozed, valueAgainstLimit } from '../../shared/use-alerts';
import { Acknowledge, Snooze } from './alert-actions';

/** What fires now, the worst first. */
export function FiringList(props: {
  firing: readonly AlertStatus[];
  /** How many rules are watched. */
  watched: number;
  now: number;
}) {
  const { firing, watched, now } = props;
  if (firing.length === 0) {
    return (
      <p className="dim">
        {watched === 0
          ? 'No rule is watched, so nothing can fire.'
          : 'All series that have values are within their limits.'}
      </p>
    );
  }
  return (
    <ul className="firing-list">
      {firing.map((status) => (
        <Firing key={status.rule.ruleId} status={status} now={now} />
      ))}
    </ul>
  );
}

function Firing({ status, now }: { status: AlertStatus; now: number }) {
  const { rule, since, acknowledgedBy, snoozedUntil } = status;
  return (
    <li data-testid={`firing-${rule.ruleId}`} data-severity={rule.severity}>
      <div className="firing-what">
        <div className="firing-title">
          <SeverityMark severity={rule.severity} />
          <strong>{rule.title}</strong>
          <span className="number">{valueAgainstLimit(status)}</span>
        </div>
        <div className="dim">
          {titleOf(rule.series)}, since {formatDateTime(since)} ({formatDuration(now - since)})
          {isSnoozed(status, now) && snoozedUntil !== null
            ? `, nobody is told until ${formatDateTime(snoozedUntil)}`
            : ''}
        </div>
        {rule.note ? <div className="firing-note">{rule.note}</div> : null}
      </div>
      <div className="row-actions">
        {acknowledgedBy ? (
          <span className="dim firing-person">
            looked after by <Person userId={acknowledgedBy} />
          </span>
        ) : (
          <Acknowledge ruleId={rule.ruleId} title={rule.title} />
        )}
        <Snooze status={status} now={now} />
      </div>
    </li>
  );
}
