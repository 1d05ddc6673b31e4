import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import type { ConflictRates } from '../../generated/ConflictRates';
import { clockOf, timeLabels, WHOLE_STEPS } from '../../shared/chart/axes';
import { readout } from '../../shared/chart/readout';
import { type PlotMaker, usePlot } from '../../shared/chart/use-plot';
import { plural } from '../../shared/format';
import { RESOLUTIONS } from '../../shared/strategies';

const HEIGHT = 132;
const BAR_SHARE = 0.8;
const BAR_PIXELS_MAX = 36;
const KINDS = [...RESOLUTIONS].reverse();

/** Stacks the kinds: the first series holds all of them, the last only the lowest. */
export function stack(rates: ConflictRates): number[][] {
  const sums = rates.at.map(() => 0);
  const layers = RESOLUTIONS.map(({ name }) => {
    const counts = rates.byResolution[name];
    rates.at.forEach((_, index) => {
      sums[index] = (sums[index] ?? 0) + (counts?.[index] ?? 0);
    });
    return [...sums];
  });
  return layers.reverse();
}

/** Conflicts per step by how they were settled, as stacked bars. */
export function RateChart({ rates }: { rates: ConflictRates }) {
  const plot = useRef<uPlot>(null);
  const shown = useRef(rates);
  shown.current = rates;
  const maker = useMemo<PlotMaker>(
    () => ({ options: (box) => options(box, shown), data: () => dataOf(shown.current) }),
    [],
  );
  const box = usePlot(maker, plot);
  useEffect(() => plot.current?.setData(dataOf(rates)), [rates]);
  return (
    <div
      ref={box}
      className="chart rate-chart"
      style={{ height: HEIGHT }}
      role="img"
      aria-label={`Conflicts over time: ${summary(rates)}`}
    />
  );
}

/** The figures in words, for those who do not see the bars. */
export function summary(rates: ConflictRates): string {
  const parts = RESOLUTIONS.map(({ name, label }) => ({ label, count: total(rates, name) }))
    .filter(({ count }) => count > 0)
    .map(({ label, count }) => `${label.toLowerCase()} ${count}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

export function total(rates: ConflictRates, name: string): number {
  return (rates.byResolution[name] ?? []).reduce((sum, count) => sum + count, 0);
}

function dataOf(rates: ConflictRates): uPlot.AlignedData {
  return [rates.at.map((ms) => ms / 1000), ...stack(rates)];
}

function options(box: HTMLElement, shown: { current: ConflictRates }): uPlot.Options {
  const color = (name: string) => getComputedStyle(box).getPropertyValue(name).trim();
  const font = `12px ${getComputedStyle(box).fontFamily}`;
  const axis = { stroke: color('--g-dim'), font, ticks: { show: false }, gap: 4 };
  const bars = uPlot.paths.bars?.({ size: [BAR_SHARE, BAR_PIXELS_MAX], align: 1 });
  return {
    width: Math.max(box.clientWidth, 120),
    height: HEIGHT,
    padding: [8, 6, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    plugins: [unknownTime(shown, color('--g-line')), readout(pointedAt(shown))],
    scales: {
      x: { time: true, range: () => span(shown.current) },
      y: { range: (_plot, _min, max) => [0, Math.max(4, Math.ceil((max ?? 0) * 1.12))] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 22, space: 64, values: timeLabels },
      { ...axis, grid: { stroke: color('--g-line'), width: 1 }, size: 40, incrs: WHOLE_STEPS },
    ],
    series: [
      {},
      ...KINDS.map((kind) => ({
        label: kind.label,
        fill: color(kind.color),
        width: 0,
        points: { show: false },
        ...(bars ? { paths: bars } : {}),
      })),
    ],
  };
}

function span({ at, stepMs }: ConflictRates): [number, number] {
  const [first = 0] = at;
  return [first / 1000, ((at.at(-1) ?? first) + stepMs) / 1000];
}

/** Shades the time of which nothing is known: no bars there do not mean no conflicts. */
function unknownTime(shown: { current: ConflictRates }, color: string): uPlot.Plugin {
  return {
    hooks: {
      drawClear: (plot) => {
        const { since, at } = shown.current;
        const [first = since] = at;
        if (since <= first) return;
        const { left, top, height } = plot.bbox;
        const right = Math.min(plot.valToPos(since / 1000, 'x', true), left + plot.bbox.width);
        plot.ctx.fillStyle = color;
        plot.ctx.globalAlpha = 0.45;
        plot.ctx.fillRect(left, top, right - left, height);
        plot.ctx.globalAlpha = 1;
      },
    },
  };
}

/** The time of the step under the pointer and its counts. */
function pointedAt(shown: { current: ConflictRates }) {
  return (plot: uPlot, left: number): string | undefined => {
    const { at, stepMs, byResolution } = shown.current;
    const index = Math.floor((plot.posToVal(left, 'x') * 1000 - (at[0] ?? 0)) / stepMs);
    const from = at[index];
    if (from === undefined) return undefined;
    const counts = RESOLUTIONS.map(({ name, label: text }) => ({
      text,
      count: byResolution[name]?.[index] ?? 0,
    })).filter(({ count }) => count > 0);
    const sum = counts.reduce((all, { count }) => all + count, 0);
    const parts = counts.map(({ text, count }) => `${text.toLowerCase()} ${count}`);
    const clock = clockOf(from / 1000).slice(0, 5);
    return [`${clock}  ${plural(sum, 'conflict')}`, ...parts].join(' · ');
  };
}
