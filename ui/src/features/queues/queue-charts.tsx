import type { QueueSummary } from '../../generated/QueueSummary';
import { ChartCard } from '../../shared/chart/chart-card';
import { useSeriesRange } from '../../shared/chart/use-series-range';
import { TimeRangePicker, useChartRange } from '../../shared/time-range';
import { SeriesChart } from './series-chart';
import { depthOf, figure, formatSpan } from './wording';

/** How the kept series of our own queues begin; of other queues no history is kept. */
const KEPT: Record<string, string> = {
  'graph-commands': 'queue',
  'sync-operations': 'sync_queue',
  analytics: 'analytics_queue',
};

/** How many jobs there were and how long they waited, over the last minutes or a past time. */
export function QueueCharts({ summary }: { summary: QueueSummary }) {
  const range = useChartRange((state) => state.range);
  const kept = summary.own ? KEPT[summary.queue] : undefined;
  if (kept === undefined) return <LastMinutes summary={summary} />;
  return (
    <>
      <div className="queue-range">
        <TimeRangePicker
          value={range}
          onChange={(chosen) => useChartRange.setState({ range: chosen })}
        />
      </div>
      {range.kind === 'live' ? <LastMinutes summary={summary} /> : <Past kept={kept} />}
    </>
  );
}

function LastMinutes({ summary }: { summary: QueueSummary }) {
  const { counts, depth, latency, latencyP95Ms } = summary;
  return (
    <div className="queue-charts">
      <figure className="panel">
        <figcaption>
          <span className="dim">Unfinished jobs</span>
          <strong>{figure(depthOf(counts))}</strong>
        </figcaption>
        <SeriesChart series={depth} title="Unfinished jobs" />
      </figure>
      <figure className="panel">
        <figcaption>
          <span className="dim">Time that jobs wait</span>
          <strong>{latencyP95Ms === null ? '–' : `95 % under ${formatSpan(latencyP95Ms)}`}</strong>
        </figcaption>
        <SeriesChart series={latency} title="Time that jobs wait" />
      </figure>
    </div>
  );
}

function Past({ kept }: { kept: string }) {
  const range = useChartRange((state) => state.range);
  const series = [
    { name: `${kept}_depth`, title: 'Unfinished jobs', unit: 'jobs' },
    { name: `${kept}_latency_p95_ms`, title: 'Time that jobs wait, p95', unit: 'ms' },
    { name: `${kept}_failed_per_second`, title: 'Jobs that fail', unit: '1/s' },
  ];
  const names = series.map(({ name }) => name);
  const { query, nothing, error } = useSeriesRange(names, range);
  const { data } = query;
  if (data === undefined) {
    return (
      <p className={error ? 'bad' : 'dim'} role={error ? 'alert' : 'status'}>
        {error
          ? `The history cannot be read: ${error.message}`
          : nothing
            ? 'No history of this queue is kept.'
            : 'Loading the history…'}
      </p>
    );
  }
  return (
    <div className="queue-charts queue-charts-past" aria-busy={query.isPlaceholderData}>
      {series.map(({ name, title, unit }) => {
        const known = data.series.find((one) => one.name === name);
        if (known === undefined) return null;
        return (
          <ChartCard
            key={name}
            info={{ name, unit: known.unit || unit, help: known.help, metric: name }}
            title={title}
            testId={`past-${name}`}
            since={data.since}
            history={data}
          />
        );
      })}
    </div>
  );
}
