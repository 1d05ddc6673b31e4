import { type RefObject, useEffect, useMemo, useRef } from 'react';
import type uPlot from 'uplot';
import type { SeriesRange } from '../../generated/SeriesRange';
import { formatDateTime, formatValue, plural } from '../format';
import { type Backdrop, chartOptions } from './options';
import { CHART_HEIGHT, type PlotMaker, usePlot } from './use-plot';

/** What a part of the history holds for one chart. */
export interface PastSeries {
  history: SeriesRange;
  name: string;
}

/** A series over a past time: the mean of each step, and a band from its least to its greatest. */
export function RangeChart(props: {
  past: PastSeries;
  title: string;
  unit: string;
  plot: RefObject<uPlot | null>;
}) {
  const { past, title, unit, plot } = props;
  const shown = useRef(past);
  shown.current = past;
  const maker = useMemo<PlotMaker>(
    () => ({
      options: (box) =>
        chartOptions(box, { title, unit, band: true, backdrop: () => backdropOf(shown.current) }),
      data: () => dataOf(shown.current),
    }),
    [title, unit],
  );
  const box = usePlot(maker, plot);
  useEffect(() => plot.current?.setData(dataOf(past)), [past, plot]);
  return (
    <div
      ref={box}
      className="chart"
      style={{ height: CHART_HEIGHT }}
      role="img"
      aria-label={`${title}: ${summaryOf(past, unit)}`}
    />
  );
}

function dataOf({ history, name }: PastSeries): uPlot.AlignedData {
  const series = history.series.find((one) => one.name === name);
  const none = history.at.map(() => null);
  const { mean = none, min = none, max = none } = series ?? {};
  return [history.at.map((ms) => ms / 1000), max, min, mean];
}

/** The end of the last step is the end of what is shown. */
function backdropOf({ history, name }: PastSeries): Backdrop {
  const { at, stepMs, since, alerts } = history;
  const first = at[0];
  const last = at.at(-1);
  return {
    marks: alerts.filter(({ series }) => series === name),
    since,
    ...(first === undefined || last === undefined
      ? {}
      : { span: { from: first, to: last + stepMs } }),
  };
}

/** The figures in words, for those who do not see the line. */
export function summaryOf({ history, name }: PastSeries, unit: string): string {
  const series = history.series.find((one) => one.name === name);
  const known = (values: readonly (number | null)[] = []) =>
    values.filter((value) => value !== null);
  const least = known(series?.min);
  if (least.length === 0) return 'nothing was measured in this time';
  const worst = formatValue(Math.max(...known(series?.max)), unit);
  const alerts = history.alerts.filter((mark) => mark.series === name).length;
  const from = formatDateTime(history.at[0] ?? history.since);
  const fired = alerts === 0 ? '' : `, ${plural(alerts, 'alert')}`;
  return `from ${formatValue(Math.min(...least), unit)} to ${worst} since ${from}${fired}`;
}
