import { Tooltip } from '@mantine/core';
import type { CacheReport } from '../../generated/CacheReport';
import type { CircuitReport } from '../../generated/CircuitReport';
import type { ProbeReport } from '../../generated/ProbeReport';
import {
  formatClock,
  formatDateTime,
  formatDuration,
  formatShare,
  formatValue,
  plural,
} from '../../shared/format';
import { type Tone, ToneMark } from '../../shared/tone-mark';

/** The probes that a node makes of itself, those that did not come through first. */
export function Probes({ probes }: { probes: readonly ProbeReport[] }) {
  if (probes.length === 0) return null;
  const sorted = [...probes].sort((left, right) => Number(left.ok) - Number(right.ok));
  return (
    <ul className="probes" aria-label="Probes">
      {sorted.map(({ name, ok, detail, at, tookMs }) => (
        <li key={name} data-ok={ok}>
          <Tooltip label={`${detail}, at ${formatClock(at)}`}>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what was found must be reachable by keyboard */}
            <span tabIndex={0}>
              <span className="chip-dot" data-state={ok ? 'saved' : 'bad'} />
              {name}
              <span className="dim">{tookMs === null ? '' : ` ${formatValue(tookMs, 'ms')}`}</span>
              {ok ? null : <span className="bad"> {detail}</span>}
            </span>
          </Tooltip>
        </li>
      ))}
    </ul>
  );
}

const CIRCUITS: Record<string, { tone: Tone; about: string }> = {
  closed: { tone: 'ok', about: 'All is well' },
  open: { tone: 'bad', about: 'Nothing is sent' },
  'half-open': { tone: 'warn', about: 'One is tried' },
};

export function Circuits({ circuits }: { circuits: readonly CircuitReport[] }) {
  return (
    <section aria-label="Circuit breakers" className="node-part">
      <h3 className="node-part-title">Circuit breakers</h3>
      {circuits.length === 0 ? <p className="dim">None yet.</p> : null}
      <ul className="circuits">
        {circuits.map(({ name, state, since, trips, reason }) => (
          <li key={name} data-testid={`circuit-${name}`}>
            <span className="mono">{name}</span>
            <Tooltip label={`${CIRCUITS[state]?.about ?? state}, since ${formatDateTime(since)}`}>
              <span>
                <ToneMark tone={CIRCUITS[state]?.tone ?? 'warn'}>{state}</ToneMark>
              </span>
            </Tooltip>
            <span className="dim">
              {trips === 0 ? 'never opened' : `opened ${trips === 1 ? 'once' : `${trips} times`}`}
              {reason ? `, last because ${reason}` : ''}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function hitRate({ hits, misses }: CacheReport): string {
  const asked = hits + misses;
  return asked === 0
    ? 'not asked yet'
    : `${formatShare(Number((hits / asked).toPrecision(3)))} hits`;
}

export function Caches({ caches }: { caches: readonly CacheReport[] }) {
  return (
    <section aria-label="Caches" className="node-part">
      <h3 className="node-part-title">Caches</h3>
      {caches.length === 0 ? <p className="dim">None yet.</p> : null}
      <ul className="circuits">
        {caches.map((cache) => (
          <Cache key={cache.name} cache={cache} />
        ))}
      </ul>
    </section>
  );
}

/** Some caches are bounded by size: their name ends in the unit. */
function Cache({ cache }: { cache: CacheReport }) {
  const { entries, entriesMax, ttlMs, hits, misses } = cache;
  const [name, unit = 'entries'] = cache.name.split(', ');
  return (
    <li data-testid={`cache-${cache.name}`}>
      <span className="mono">{name}</span>
      <strong className="number">{hitRate(cache)}</strong>
      <span className="dim">
        {entries.toLocaleString('en-GB')} of {entriesMax.toLocaleString('en-GB')} {unit}, kept{' '}
        {ttlMs === null ? 'for ever' : `for ${formatDuration(ttlMs)}`}; {plural(hits, 'hit')},{' '}
        {misses.toLocaleString('en-GB')} missed
      </span>
    </li>
  );
}
