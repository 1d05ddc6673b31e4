import type { QueueSummary } from '../../generated/QueueSummary';
import { SeriesChart } from './series-chart';
import { depthOf, figure, formatSpan } from './wording';

/** How many jobs there were and how long they waited, over the last minutes. */
export function QueueCharts({ summary }: { summary: QueueSummary }) {
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
