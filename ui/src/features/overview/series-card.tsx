import { Tooltip } from '@mantine/core';
import type { SeriesInfo } from '../../live/series-buffers';
import { formatClock, formatValue } from '../../shared/format';
import { useLive, useLiveStore } from '../../shared/live-context';
import { Chart } from './chart';

const TITLES: Record<string, string> = {
  commands_per_second: 'Commands per second',
  command_p95_ms: 'Command latency, p95',
  queue_depth: 'Queue depth',
  conflict_rate: 'Conflict rate',
  open_conflicts: 'Open conflicts',
  connections: 'Connections',
  redis_memory_bytes: 'Redis memory',
  redis_latency_ms: 'Redis latency',
  process_cpu_percent: 'Process CPU',
  process_memory_bytes: 'Process memory',
};

/** One figure: what it is now, in its unit, and how it went. */
export function SeriesCard({ info, since }: { info: SeriesInfo; since: number }) {
  const live = useLiveStore();
  const shown = displayUnit(info.unit);
  const now = useLive(() => formatValue(live.series.last(info.name), shown));
  const first = useLive(() => live.series.data(info.name).at[0]);
  const title = TITLES[info.name] ?? info.name;
  return (
    <section className="panel series-card" data-testid={`overview-${info.name}`}>
      <Tooltip
        label={
          <>
            <div>{info.help}</div>
            <div className="mono">{info.metric}</div>
          </>
        }
      >
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the help text must be reachable by keyboard */}
        <h2 className="series-title" tabIndex={0}>
          {title}
        </h2>
      </Tooltip>
      <div className="series-now" data-testid={`overview-${info.name}-now`}>
        {now}
      </div>
      <Chart info={info} title={title} unit={shown} />
      <div className="series-since dim">
        since {formatClock(first === undefined ? since : first * 1000)}
      </div>
    </section>
  );
}

/** Units as people write them. */
function displayUnit(unit: string): string {
  switch (unit) {
    case 'percent':
      return '%';
    case 'per_second':
    case '1/s':
      return '/s';
    case 'count':
      return '';
    case 'ratio':
      return 'share';
    default:
      return unit;
  }
}
