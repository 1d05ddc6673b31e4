import { useMemo } from 'react';
import { formatDuration, plural } from '../../shared/format';
import { Freshness } from '../../shared/freshness';
import { Person } from '../../shared/person';
import { hrefOf } from '../../shared/route';
import { useNow } from '../../shared/use-now';
import { byGraph, type Present, usePeople } from '../../shared/use-people';
import { useRpcQuery } from '../../shared/use-rpc';
import { ResyncMenu } from './resync-menu';

/** Whoever has done nothing for longer is there, but not at work. */
const AWAY_MS = 60_000;

/** Who has which graph open, on all nodes. */
export function PeopleSection() {
  const { query, everyMs } = usePeople();
  const { data, error } = query;
  const { data: list } = useRpcQuery('graphs.list', {});
  const graphs = useMemo(() => byGraph(data?.sessions ?? []), [data]);
  const nameOf = (graphId: string) =>
    list?.graphs.find((graph) => graph.graphId === graphId)?.name ?? graphId;
  return (
    <section className="panel people" aria-label="People" data-testid="people">
      <header>
        <h2 className="section-title">People</h2>
        {data ? <span className="dim">{plural(data.sessions.length, 'open window')}</span> : null}
        <span style={{ flex: 1 }} />
        {data ? <Freshness reading={query} everyMs={everyMs} quiet /> : null}
      </header>
      {data === undefined ? (
        <p className={error ? 'bad' : 'dim'} role={error ? 'alert' : 'status'}>
          {error ? `Who is there cannot be read: ${error.message}` : 'Loading…'}
        </p>
      ) : graphs.size === 0 ? (
        <p className="dim">Nobody has a graph open.</p>
      ) : (
        <table className="plain-table">
          <tbody>
            {[...graphs].map(([graphId, people]) => (
              <tr key={graphId}>
                <td>
                  <a href={hrefOf('graph', graphId)}>{nameOf(graphId)}</a>
                </td>
                <td>
                  <ul className="people-list">
                    {people.map((who) => (
                      <PresentPerson key={who.userId} graphId={graphId} who={who} />
                    ))}
                  </ul>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function PresentPerson({ graphId, who }: { graphId: string; who: Present }) {
  const now = useNow(5_000);
  const quiet = now - who.lastActivity;
  const windows = who.windows > 1 ? `, ${who.windows} windows` : '';
  const state = quiet > AWAY_MS ? `quiet for ${formatDuration(quiet)}` : 'active';
  return (
    <li title={`Here for ${formatDuration(now - who.since)}${windows}, ${state}`}>
      <Person userId={who.userId} name={who.name} />
      <span className="dim">
        {formatDuration(now - who.since)}
        {windows}
      </span>
      <ResyncMenu graphId={graphId} who={who} />
    </li>
  );
}
