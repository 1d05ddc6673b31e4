import { useEffect, useMemo, useRef } from 'react';
import type uPlot from 'uplot';
import type { Series } from '../../generated/Series';
import { roof, timeLabels, WHOLE_STEPS } from '../../shared/chart/axes';
import { readout } from '../../shared/chart/readout';
import { type PlotMaker, usePlot } from '../../shared/chart/use-plot';
import { formatClock } from '../../shared/format';
import { withGaps } from './series-gaps';
import { figure, formatSpan } from './wording';

const HEIGHT = 104;
const SYNC_KEY = 'queue';

/** Axis steps that are round in milliseconds, seconds, minutes and hours. */
const MS_STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 21_600, 86_400].map(
    (seconds) => 1_000 * seconds,
  ),
  ...[2, 5, 10, 50, 100, 500].map((days) => 86_400_000 * days),
];

type Write = (value: number) => string;

/** A series of a queue over the last minutes. */
export function SeriesChart({ series, title }: { series: Series; title: string }) {
  const plot = useRef<uPlot>(null);
  const shown = useRef(series);
  shown.current = series;
  const inMs = series.unit === 'ms';
  const maker = useMemo<PlotMaker>(
    () => ({
      options: (box) => options(box, inMs ? formatSpan : figure, inMs),
      data: () => withGaps(shown.current),
    }),
    [inMs],
  );
  const box = usePlot(maker, plot);
  useEffect(() => plot.current?.setData(withGaps(series)), [series]);
  return (
    <div className="queue-chart" style={{ height: HEIGHT }}>
      <div ref={box} role="img" aria-label={`${title}: ${series.help}`} />
      {series.values.some((value) => value !== null) ? null : (
        <span className="queue-chart-empty dim">Nothing was measured in this time</span>
      )}
    </div>
  );
}

function options(box: HTMLElement, write: Write, inMs: boolean): uPlot.Options {
  const color = (name: string) => getComputedStyle(box).getPropertyValue(name).trim();
  const font = `12px ${getComputedStyle(box).fontFamily}`;
  const axis = { stroke: color('--g-dim'), font, ticks: { show: false }, gap: 4 };
  return {
    width: Math.max(box.clientWidth, 120),
    height: HEIGHT,
    padding: [8, 6, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: SYNC_KEY },
      y: false,
      drag: { x: false, y: false },
      points: { size: 6 },
    },
    plugins: [readout(pointedAt(write))],
    scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, roof(max)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 22, space: 70, values: timeLabels },
      {
        ...axis,
        grid: { stroke: color('--g-line'), width: 1 },
        size: 62,
        space: 26,
        incrs: inMs ? MS_STEPS : WHOLE_STEPS,
        values: (_plot, splits) => splits.map((value) => (value === 0 ? '0' : write(value))),
      },
    ],
    series: [
      {},
      {
        stroke: color('--g-accent'),
        fill: color('--g-accent-soft'),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
      },
    ],
  };
}

/** Time and value under the pointer. */
function pointedAt(write: Write) {
  return ({ cursor, data }: uPlot): string | undefined => {
    const { idx } = cursor;
    if (idx === null || idx === undefined) return undefined;
    const value = data[1]?.[idx];
    const said = value === null || value === undefined ? 'not measured' : write(value);
    return `${formatClock(1000 * (data[0][idx] ?? 0))}  ${said}`;
  };
}
