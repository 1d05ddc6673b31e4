import type uPlot from 'uplot';
import type { AlertMark } from '../../generated/AlertMark';
import { formatValue } from '../format';
import { axesOf, pointedMoment, roof } from './axes';
import { readout } from './readout';
import { CHART_HEIGHT } from './use-plot';

/** The pointer is at the same moment in all charts of a page. */
const SYNC_KEY = 'time';
const MARK_OPACITY = 0.18;
const UNKNOWN_OPACITY = 0.45;
/** The edges come first: what is drawn later lies above. */
const MOST = 1;
const LEAST = 2;
const meanOf = (band: boolean) => (band ? 3 : 1);

/** What a chart draws besides its line; read anew at each drawing. */
export interface Backdrop {
  marks: readonly AlertMark[];
  /** Nothing is known before, in milliseconds since 1970. */
  since?: number;
  /** What the time axis shows, in milliseconds since 1970; what the data holds if absent. */
  span?: { from: number; to: number };
}

export interface ChartLook {
  title: string;
  unit: string;
  /** Whether the data also holds the least and the greatest value of each step. */
  band: boolean;
  backdrop: () => Backdrop;
}

export function chartOptions(box: HTMLElement, look: ChartLook): uPlot.Options {
  const { unit, band, backdrop } = look;
  const color = (name: string) => getComputedStyle(box).getPropertyValue(name).trim();
  const font = `12px ${getComputedStyle(box).fontFamily}`;
  const span = () => backdrop().span;
  return {
    width: Math.max(box.clientWidth, 120),
    height: CHART_HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: SYNC_KEY },
      y: false,
      drag: { x: false, y: false },
      points: {
        size: 6,
        show: (_plot, index) => pointOf(index === meanOf(band), color('--g-accent')),
      },
    },
    plugins: [shades(backdrop, color), readout(pointedAt(look))],
    scales: {
      x: { time: true, range: (_plot, min, max) => secondsOf(span()) ?? [min, max] },
      y: { range: (_plot, _min, max) => [0, roof(max)] },
    },
    axes: axesOf(color, font, unit),
    ...(band ? { bands: [{ series: [MOST, LEAST], fill: color('--g-accent-soft') }] } : {}),
    series: seriesOf(look, color),
  };
}

function seriesOf({ title, band }: ChartLook, color: (name: string) => string): uPlot.Series[] {
  const stroke = color('--g-accent');
  const line: uPlot.Series = {
    label: title,
    stroke,
    width: 1.5,
    ...(band ? {} : { fill: color('--g-accent-soft') }),
    // A value between two gaps has no line that would show it.
    points: {
      show: true,
      size: 4,
      fill: stroke,
      filter: (plot, index) => lonely(plot.data[index]),
    },
    spanGaps: false,
  };
  const edge = { width: 0, points: { show: false }, spanGaps: false };
  return band ? [{}, edge, edge, line] : [{}, line];
}

/** The places of values that have no neighbours. */
export function lonely(values: ArrayLike<number | null | undefined> | undefined): number[] {
  const isGap = (at: number) => values?.[at] === null || values?.[at] === undefined;
  const places = Array.from({ length: values?.length ?? 0 }, (_, at) => at);
  return places.filter((at) => !isGap(at) && isGap(at - 1) && isGap(at + 1));
}

/** Only the mean is pointed at: the edges of the band are in the words. */
function pointOf(isMean: boolean, color: string): HTMLElement {
  const point = document.createElement('div');
  if (isMean) point.style.background = color;
  else point.style.display = 'none';
  return point;
}

function secondsOf(span: { from: number; to: number } | undefined): [number, number] | undefined {
  return span && [span.from / 1000, span.to / 1000];
}

/** Shades the times in which alerts fired, and the time of which nothing is known. */
function shades(backdrop: () => Backdrop, color: (name: string) => string): uPlot.Plugin {
  const [unknown, firing] = [color('--g-line'), color('--g-bad')];
  const shade = (plot: uPlot, from: number, to: number, fill: string, opacity: number) => {
    const { left, top, width, height } = plot.bbox;
    const place = (ms: number) =>
      Math.max(left, Math.min(left + width, plot.valToPos(ms / 1000, 'x', true)));
    const [start, end] = [place(from), place(to)];
    if (end <= left || start >= left + width) return;
    plot.ctx.fillStyle = fill;
    plot.ctx.globalAlpha = opacity;
    plot.ctx.fillRect(start, top, Math.max(end - start, 2 * devicePixelRatio), height);
    plot.ctx.globalAlpha = 1;
  };
  return {
    hooks: {
      drawClear: (plot) => {
        const { since } = backdrop();
        const first = 1000 * (plot.scales.x?.min ?? 0);
        if (since !== undefined && since > first) {
          shade(plot, first, since, unknown, UNKNOWN_OPACITY);
        }
      },
      // Over the line and its area, which would hide most of them.
      draw: (plot) => {
        for (const { from, to } of backdrop().marks) {
          shade(plot, from, to ?? Date.now(), firing, MARK_OPACITY);
        }
      },
    },
  };
}

/** The time under the pointer, the value and the alerts that fired then. */
function pointedAt({ unit, band, backdrop }: ChartLook) {
  return (plot: uPlot, left: number): string | undefined => {
    const { idx } = plot.cursor;
    if (idx === null || idx === undefined) return undefined;
    const { min, max } = plot.scales.x ?? {};
    const moment = pointedMoment(plot.data[0][idx] ?? 0, (max ?? 0) - (min ?? 0));
    const values = plot.data.map((column) => column[idx]);
    const pointed = 1000 * plot.posToVal(left, 'x');
    const alerts = marksAt(backdrop().marks, pointed).map(({ title }) => `\n${title}`);
    return `${moment}  ${valueWords(values, band, unit)}${alerts.join('')}`;
  };
}

/** “12.4 ms (3.1 – 40.2)”: the mean, and the least and the greatest of the step. */
function valueWords(
  values: readonly (number | null | undefined)[],
  band: boolean,
  unit: string,
): string {
  const mean = values[meanOf(band)];
  const said = formatValue(mean, unit);
  if (!band || mean === null || mean === undefined) return said;
  const bare = unit === 'bytes' || unit === 'share' ? unit : '';
  return `${said} (${formatValue(values[LEAST], bare)} – ${formatValue(values[MOST], bare)})`;
}

export function marksAt(marks: readonly AlertMark[], at: number): AlertMark[] {
  return marks.filter(({ from, to }) => from <= at && at <= (to ?? Number.POSITIVE_INFINITY));
}
