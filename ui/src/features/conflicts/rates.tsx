import { ActionIcon, SegmentedControl, Tooltip } from '@mantine/core';
import { keepPreviousData, type UseQueryResult } from '@tanstack/react-query';
import type { ConflictRates } from '../../generated/ConflictRates';
import type { ApiFailure } from '../../platform';
import { BarList } from '../../shared/bar-list';
import { formatDateTime, formatDuration, plural } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { Person } from '../../shared/person';
import { usePlatform } from '../../shared/platform-context';
import { RESOLUTIONS } from '../../shared/strategies';
import { toast, toastFailure } from '../../shared/toasts';
import { useRpcQuery } from '../../shared/use-rpc';
import { setFilters, useConflictView } from './conflict-view';
import { RateChart, total } from './rate-chart';
import { AGAIN_MS } from './use-conflicts';

const PERIODS = [
  { minutes: 15, label: '15 min' },
  { minutes: 60, label: '1 h' },
  { minutes: 360, label: '6 h' },
  { minutes: 1440, label: '24 h' },
];

export function useRates() {
  const minutes = useConflictView((view) => view.minutes);
  const graphId = useConflictView((view) => view.filters.graphId);
  return useRpcQuery(
    'conflicts.rate',
    { minutes, ...(graphId === undefined ? {} : { graphId }) },
    { refetchInterval: AGAIN_MS, staleTime: 0, placeholderData: keepPreviousData },
  );
}

/** How often conflicts were met, who met them, and on which fields. */
export function Rates({ query }: { query: UseQueryResult<ConflictRates, ApiFailure> }) {
  const { data, error } = query;
  if (data === undefined) {
    return (
      <section className="rates rates-waiting" aria-label="Figures">
        <div className="panel" role={error ? 'alert' : 'status'}>
          {error ? `The figures cannot be read: ${error.message}` : 'Loading the figures…'}
        </div>
      </section>
    );
  }
  return (
    <section className="rates" aria-label="Figures">
      <OverTime rates={data} />
      <Causers rates={data} />
      <Fields rates={data} />
    </section>
  );
}

function OverTime({ rates }: { rates: ConflictRates }) {
  const minutes = useConflictView((view) => view.minutes);
  const all = RESOLUTIONS.reduce((sum, { name }) => sum + total(rates, name), 0);
  const [first = rates.since] = rates.at;
  const since = Math.max(first, rates.since);
  return (
    <div className="panel rate-card">
      <header>
        <h2 className="section-title">{plural(all, 'conflict')}</h2>
        <span className="dim rate-since" title={`since ${formatDateTime(since)}`}>
          since {shortTime(since)}
          {rates.since > first ? ', nothing older is known' : ''}; per{' '}
          {formatDuration(rates.stepMs)}
        </span>
        <SegmentedControl
          size="xs"
          aria-label="Period"
          value={String(minutes)}
          onChange={(value) => useConflictView.setState({ minutes: Number(value) })}
          data={PERIODS.map((period) => ({ value: String(period.minutes), label: period.label }))}
        />
        <SaveFigures rates={rates} />
      </header>
      <RateChart rates={rates} />
      <ul className="legend" aria-label="How they were settled">
        {RESOLUTIONS.map(({ name, label, about, color }) => (
          <li key={name}>
            <Tooltip label={about}>
              <span>
                <span className="swatch" style={{ background: `var(${color})` }} />
                {label} <strong>{total(rates, name).toLocaleString('en-GB')}</strong>
              </span>
            </Tooltip>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The day only where it is another one. */
function shortTime(ms: number): string {
  const text = formatDateTime(ms);
  return text.slice(0, 10) === formatDateTime(Date.now()).slice(0, 10) ? text.slice(11) : text;
}

function SaveFigures({ rates }: { rates: ConflictRates }) {
  const platform = usePlatform();
  const save = async () => {
    try {
      const saved = await platform.saveFile('conflicts.csv', { text: csvOf(rates) }, 'text/csv');
      if (saved !== null) toast('Exported', saved);
    } catch (cause) {
      toastFailure('The figures were not exported', cause);
    }
  };
  return (
    <Tooltip label="Save the figures as CSV">
      <ActionIcon aria-label="Save the figures as CSV" onClick={() => void save()}>
        <Icon name="download" size={14} />
      </ActionIcon>
    </Tooltip>
  );
}

/** One line per step. Steps before `since` are left out: nothing is known of them. */
export function csvOf(rates: ConflictRates): string {
  const lines = rates.at.flatMap((at, index) => {
    if (at + rates.stepMs <= rates.since) return [];
    const counts = RESOLUTIONS.map(({ name }) => rates.byResolution[name]?.[index] ?? 0);
    return [[new Date(at).toISOString(), ...counts].join(',')];
  });
  return `${[['start', ...RESOLUTIONS.map(({ name }) => name)].join(','), ...lines].join('\n')}\n`;
}

function Causers({ rates }: { rates: ConflictRates }) {
  const userId = useConflictView((view) => view.filters.userId);
  return (
    <div className="panel rate-card">
      <h2 className="section-title">Met by</h2>
      <BarList
        bars={rates.causers.map((causer) => ({
          key: causer.userId,
          label: <Person userId={causer.userId} />,
          count: causer.conflicts,
        }))}
        chosen={userId}
        onChoose={(key) => setFilters({ userId: key === userId ? undefined : key })}
        empty="Nobody in this period."
      />
    </div>
  );
}

function Fields({ rates }: { rates: ConflictRates }) {
  const field = useConflictView((view) => view.filters.field);
  const bars = Object.entries(rates.byField)
    .sort(([, left], [, right]) => right - left)
    .map(([key, count]) => ({ key, label: key, count }));
  return (
    <div className="panel rate-card">
      <h2 className="section-title">On field</h2>
      <BarList
        bars={bars}
        chosen={field}
        onChoose={(key) => setFilters({ field: key === field ? undefined : key })}
        empty="None in this period."
      />
    </div>
  );
}
