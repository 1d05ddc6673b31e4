import type { Fact } from '../../generated/Fact';
import type { FactSection } from '../../generated/FactSection';
import type { RedisReplica } from '../../generated/RedisReplica';
import type { RedisReport } from '../../generated/RedisReport';
import { formatBytes, plural } from '../../shared/format';
import { Freshness, type Reading } from '../../shared/freshness';
import { Icon } from '../../shared/icons';
import { PagePart } from '../../shared/page-part';
import { NotRead } from '../../shared/state-box';
import { ToneMark } from '../../shared/tone-mark';
import { useRpcQuery } from '../../shared/use-rpc';
import { CommandCosts } from './command-costs';
import { KeyMemoryPart } from './key-memory';
import { SlowLog } from './slow-log';

const AGAIN_MS = 5_000;

/** Redis in the terms of people: what deserves a look first, then facts, costs and memory. */
export function RedisTab() {
  const query = useRpcQuery('system.redis', {}, { refetchInterval: AGAIN_MS, staleTime: 0 });
  const { data } = query;
  if (data === undefined) return <NotRead what="the state of Redis" reading={query} />;
  return (
    <>
      <Concerns report={data} reading={query} />
      <div className="fact-sections">
        {data.sections.map((section) => (
          <Facts key={section.title} section={section} />
        ))}
      </div>
      <Replicas replicas={data.replicas} />
      <div className="system-columns">
        <CommandCosts commands={data.commands} />
        <KeyMemoryPart />
      </div>
      <SlowLog report={data} />
    </>
  );
}

function Concerns(props: { report: RedisReport; reading: Reading }) {
  const { concerns } = props.report;
  return (
    <section className="concerns" aria-label="What deserves a look" data-testid="concerns">
      {concerns.length === 0 ? (
        <p className="dim">Nothing about Redis deserves a look.</p>
      ) : (
        <ul>
          {concerns.map((concern) => (
            <li key={concern}>
              <Icon name="warning" size={14} /> {concern}
            </li>
          ))}
        </ul>
      )}
      <Freshness reading={props.reading} everyMs={AGAIN_MS} />
    </section>
  );
}

function Facts({ section }: { section: FactSection }) {
  return (
    <PagePart title={capital(section.title)}>
      <dl className="facts fact-list">
        {section.facts.map((fact) => (
          <FactLine key={`${fact.label} ${fact.source}`} fact={fact} />
        ))}
      </dl>
    </PagePart>
  );
}

function FactLine({ fact }: { fact: Fact }) {
  const { label, value, source, concern } = fact;
  return (
    <>
      <dt title={source}>{label}</dt>
      <dd title={source} data-concern={concern || undefined}>
        {concern ? <Icon name="warning" size={13} /> : null}
        {value}
      </dd>
    </>
  );
}

const capital = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** Nothing where there are none: a section of its own would say no more than the facts do. */
function Replicas({ replicas }: { replicas: readonly RedisReplica[] }) {
  if (replicas.length === 0) return null;
  return (
    <PagePart title="Replicas" about={plural(replicas.length, 'replica')}>
      <table className="plain-table">
        <thead>
          <tr>
            <th>Address</th>
            <th>State</th>
            <th className="number">Behind by</th>
          </tr>
        </thead>
        <tbody>
          {replicas.map(({ address, state, lagBytes }) => (
            <tr key={address}>
              <td className="mono">{address}</td>
              <td>
                <ToneMark tone={state === 'online' ? 'ok' : 'warn'}>{state}</ToneMark>
              </td>
              <td className="number">{formatBytes(lagBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </PagePart>
  );
}
