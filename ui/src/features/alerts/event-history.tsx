import { Button } from '@mantine/core';
import { useState } from 'react';
import type { AlertEvent } from '../../generated/AlertEvent';
import {
  formatDateTime,
  formatDuration,
  formatLimit,
  formatValue,
  plural,
} from '../../shared/format';
import { PagePart } from '../../shared/page-part';
import { Person } from '../../shared/person';
import { displayUnit, titleOf } from '../../shared/series-names';
import { useRpcQuery } from '../../shared/use-rpc';

const SHOWN_FIRST = 15;

/** What fired lately, newest first. */
export function EventHistory({ events }: { events: readonly AlertEvent[] }) {
  const [all, setAll] = useState(false);
  const { data } = useRpcQuery('series.list', {}, { staleTime: 60_000 });
  const unitOf = (name: string) =>
    displayUnit(data?.series.find((series) => series.name === name)?.unit ?? '');
  const oldest = events.at(-1);
  const shown = all ? events : events.slice(0, SHOWN_FIRST);
  return (
    <PagePart
      title="History"
      about={
        oldest
          ? `${plural(events.length, 'alert')} since ${formatDateTime(oldest.from)}; they are marked on the charts too`
          : undefined
      }
      testId="alert-history"
    >
      {events.length === 0 ? (
        <p className="dim">No alert has fired yet.</p>
      ) : (
        <div className="scroll-x">
          <table className="plain-table">
            <thead>
              <tr>
                <th>Began</th>
                <th>Alert</th>
                <th>Lasted</th>
                <th className="number">Worst</th>
                <th className="number">Limit</th>
                <th>Looked after by</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((event) => (
                <EventRow key={event.eventId} event={event} unit={unitOf(event.series)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown.length < events.length ? (
        <Button mt="sm" size="compact-xs" variant="default" onClick={() => setAll(true)}>
          Show all {events.length}
        </Button>
      ) : null}
    </PagePart>
  );
}

function EventRow({ event, unit }: { event: AlertEvent; unit: string }) {
  const { from, to, title, series, severity, worst, limit, acknowledgedBy } = event;
  return (
    <tr>
      <td className="dim number-left">{formatDateTime(from)}</td>
      <td>
        {title}
        <span className="dim event-series">
          {' '}
          {severity} · {titleOf(series)}
        </span>
      </td>
      <td className="number-left">
        {to === null ? <span className="bad">still firing</span> : formatDuration(to - from)}
      </td>
      <td className="number">{formatValue(worst, unit)}</td>
      <td className="number">{formatLimit(limit, unit)}</td>
      <td>
        {acknowledgedBy ? <Person userId={acknowledgedBy} /> : <span className="dim">nobody</span>}
      </td>
    </tr>
  );
}
