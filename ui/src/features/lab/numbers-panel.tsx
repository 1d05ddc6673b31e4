import { useStore } from 'zustand';
import { useGraphStatus } from '../../shared/active-session';
import { plural } from '../../shared/format';
import { hrefOf } from '../../shared/route';
import type { LabClient } from './lab-client';

/** The client in figures. */
export function NumbersPanel({ client }: { client: LabClient }) {
  const { session } = client;
  const numbers = useStore(client.look, (look) => look.numbers);
  const version = useGraphStatus(session, (status) => status.version);
  const checksum = useGraphStatus(session, (status) => status.checksum);
  const inSync = useGraphStatus(session, (status) => status.inSync);
  const online = useGraphStatus(session, ({ connection }) => connection.state === 'online');
  const contested = useGraphStatus(session, (status) => status.contested);
  return (
    <dl className="lab-numbers">
      <Figure name="Version" value={version.toLocaleString('en-GB')} />
      <Figure
        name="Ack p50"
        value={milliseconds(numbers.ackP50)}
        title="Of the last 100 commands"
      />
      <Figure
        name="Ack p95"
        value={milliseconds(numbers.ackP95)}
        title="Of the last 100 commands"
      />
      <Figure name="Resumes" value={String(numbers.resumes)} />
      <Figure name="Reverts" value={String(numbers.reverts)} bad={numbers.reverts > 0} />
      <Figure name="Conflicts" value={String(numbers.conflicts)} bad={numbers.conflicts > 0} />
      <div className="lab-checksum">
        <dt>Checksum</dt>
        <dd>
          <span className="mono">{checksum || '–'}</span>{' '}
          <span className={inSync && online ? 'lab-good' : 'dim'}>
            {inSync ? (online ? 'agrees' : 'agreed then') : 'not proven'}
          </span>
        </dd>
      </div>
      {contested > 0 ? (
        <div className="lab-contested">
          <a href={hrefOf('conflicts')}>{plural(contested, 'open conflict')}</a>
        </div>
      ) : null}
    </dl>
  );
}

function Figure(props: { name: string; value: string; title?: string; bad?: boolean }) {
  return (
    <div title={props.title}>
      <dt>{props.name}</dt>
      <dd className={props.bad ? 'lab-warn' : undefined}>{props.value}</dd>
    </div>
  );
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '–' : `${Math.round(value).toLocaleString('en-GB')} ms`;
}
