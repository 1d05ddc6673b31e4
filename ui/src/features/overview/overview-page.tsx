import './overview.css';
import { useEffect, useMemo } from 'react';
import type { OverviewSnapshot } from '../../protocol';
import { ChartCard } from '../../shared/chart/chart-card';
import { useSeriesRange } from '../../shared/chart/use-series-range';
import { formatClock, formatDateTime, formatDuration } from '../../shared/format';
import { Freshness } from '../../shared/freshness';
import { useLive, useLiveStore } from '../../shared/live-context';
import { NotRead, StateBox } from '../../shared/state-box';
import { TimeRangePicker, useChartRange } from '../../shared/time-range';
import { useAlertMarks } from '../../shared/use-alerts';
import { useNow } from '../../shared/use-now';
import { useRpcQuery } from '../../shared/use-rpc';
import { EventList } from './event-list';
import { PeopleSection } from './people-section';

const STALE_MS = 5_000;

export default function OverviewPage() {
  const live = useLiveStore();
  const query = useRpcQuery('overview.get', {}, { staleTime: 0 });
  const { data, refetch } = query;
  useEffect(() => {
    if (data) live.load(data);
  }, [data, live]);
  useRefillOnReturn(refetch);

  if (data === undefined) return <NotRead what="the overview" reading={query} />;
  return (
    <div className="page">
      <Figures snapshot={data} />
      <PeopleSection />
      <EventList />
    </div>
  );
}

/** The series, as they go or over a past time. */
function Figures({ snapshot }: { snapshot: OverviewSnapshot }) {
  const { series, since } = snapshot;
  const range = useChartRange((state) => state.range);
  const names = useMemo(() => series.map(({ name }) => name), [series]);
  const reading = useSeriesRange(names, range);
  const { query, everyMs, error } = reading;
  const marks = useAlertMarks();
  const past = range.kind === 'live' ? undefined : query.data;
  return (
    <>
      <div className="overview-head">
        <h1 className="page-title">Overview</h1>
        {range.kind === 'live' ? <LiveState since={since} /> : null}
        {past ? (
          <span className="dim">history is kept since {formatDateTime(past.since)}</span>
        ) : null}
        <span className="push" />
        {past && range.kind === 'last' ? <Freshness reading={query} everyMs={everyMs} /> : null}
        <TimeRangePicker
          value={range}
          onChange={(chosen) => useChartRange.setState({ range: chosen })}
        />
      </div>
      {error && past ? (
        <p className="panel notice overview-notice" role="alert">
          What you see is old: the history cannot be read: {error.message}
        </p>
      ) : null}
      {range.kind !== 'live' && past === undefined ? (
        <NoHistory reading={reading} />
      ) : (
        <div className="series-grid" aria-busy={past !== undefined && query.isPlaceholderData}>
          {series.map(({ name, unit, help, metric }) => (
            <ChartCard
              key={name}
              info={{ name, unit, help, metric }}
              testId={`overview-${name}`}
              since={since}
              history={past}
              marks={marks}
            />
          ))}
        </div>
      )}
    </>
  );
}

function NoHistory({ reading }: { reading: ReturnType<typeof useSeriesRange> }) {
  const { error, nothing, query } = reading;
  if (nothing) return <StateBox title="No history">None of these figures is kept.</StateBox>;
  const { failureReason, refetch } = query;
  return <NotRead what="the history" reading={{ error, failureReason, refetch }} />;
}

function LiveState({ since }: { since: number }) {
  const heardAt = useLive((state) => state.heardAt);
  const now = useNow(1_000);
  const age = heardAt === undefined ? undefined : now - heardAt;
  const stale = age !== undefined && age > STALE_MS;
  return (
    <>
      <span className="dim">
        measured since {formatDateTime(since)} ({formatDuration(now - since)})
      </span>
      <span className="live-state" data-stale={stale} role="status">
        <span className="chip-dot" data-state={stale ? 'stale' : 'saved'} />
        {stale && heardAt !== undefined
          ? `Stale: the last figures are of ${formatClock(heardAt)}`
          : age === undefined
            ? 'Waiting for live figures'
            : 'Live'}
      </span>
    </>
  );
}

/** Hidden pages drop frames; the server remembers what was missed. */
function useRefillOnReturn(refetch: () => unknown): void {
  useEffect(() => {
    const onVisible = () => {
      if (!document.hidden) void refetch();
    };
    document.addEventListener('visibilitychange', onVisible);
    return () => document.removeEventListener('visibilitychange', onVisible);
  }, [refetch]);
}
