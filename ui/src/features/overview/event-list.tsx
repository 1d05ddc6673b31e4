import { formatDateTime, formatMoment } from '../../shared/format';
import { useLive } from '../../shared/live-context';
import { hrefOf } from '../../shared/route';

const SHOWN_MAX = 40;

/** What happened last, newest first. */
export function EventList() {
  const events = useLive((state) => state.events);
  return (
    <section className="panel events" aria-label="Last events">
      <h2 className="section-title">Last events</h2>
      {events.length === 0 ? (
        <p className="dim">Nothing has happened since the server started.</p>
      ) : (
        <table>
          <tbody>
            {events.slice(0, SHOWN_MAX).map((event) => (
              <tr key={`${event.at}-${event.id}`}>
                <td className="dim event-at" title={formatDateTime(event.at)}>
                  {formatMoment(event.at)}
                </td>
                <td>
                  <span className="event-kind">{event.kind}</span>
                </td>
                <td>
                  {event.text}
                  {event.graphId ? (
                    <>
                      {' '}
                      <a href={hrefOf('graph', event.graphId)}>open</a>
                    </>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
