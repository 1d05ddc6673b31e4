import type uPlot from 'uplot';
import { formatValue } from '../format';

const LETTER_PIXELS = 7;
const DAY_SECONDS = 86_400;

/** Axis steps that are round in KiB and MiB. */
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** Axis steps of what is counted: there are no half jobs. */
export const WHOLE_STEPS = Array.from({ length: 8 }, (_, power) => 10 ** power).flatMap((step) => [
  step,
  2 * step,
  5 * step,
]);

const COUNTED = ['clients', 'conflicts', 'connections', 'graphs', 'jobs', 'sockets', 'tasks'];

function stepsOf(unit: string): number[] | undefined {
  if (unit === 'bytes') return BINARY_STEPS;
  return COUNTED.includes(unit) ? WHOLE_STEPS : undefined;
}

/** Both axes of a chart in the colours and the font of its place. */
export function axesOf(color: (name: string) => string, font: string, unit: string): uPlot.Axis[] {
  const steps = stepsOf(unit);
  const axis = { stroke: color('--g-dim'), font, ticks: { show: false }, gap: 4 };
  return [
    { ...axis, grid: { show: false }, size: 22, space: 70, values: timeLabels },
    {
      ...axis,
      grid: { stroke: color('--g-line'), width: 1 },
      size: 62,
      space: 30,
      ...(steps ? { incrs: steps } : {}),
      values: (_plot, splits) => splits.map((value) => tick(value, unit)),
    },
  ];
}

/** Leaves head room, and a scale for a line that has been zero all along. */
export function roof(max: number | null): number {
  return max === null || max <= 0 ? 1 : max * 1.15;
}

/** The axis names only units that change the number, and rounds none of its round steps. */
function tick(value: number, unit: string): string {
  if (unit === 'bytes') return formatValue(value, unit);
  const rounded = (number: number) =>
    Number(number.toPrecision(3)).toLocaleString('en-GB', { maximumSignificantDigits: 3 });
  return unit === 'share' ? `${rounded(100 * value)} %` : rounded(value);
}

/** As fine as the ticks are apart: days, minutes or seconds. */
export function timeLabels(plot: uPlot, splits: number[]): string[] {
  const [first = 0, second = first] = splits;
  return splits.map((at) => {
    // Between two seconds there is nothing new to say.
    if (!Number.isInteger(at)) return '';
    const label = momentLabel(at, second - first);
    return fits(plot, at, label) ? label : '';
  });
}

export function momentLabel(second: number, apart: number): string {
  if (apart >= DAY_SECONDS) return dayOf(second);
  const clock = clockOf(second);
  if (apart < 60) return clock;
  const midnight = new Date(second * 1000);
  const isMidnight = midnight.getHours() === 0 && midnight.getMinutes() === 0;
  return isMidnight ? dayOf(second) : clock.slice(0, 5);
}

/** Whether a label in the middle of its tick stays inside the chart, and off the other axis. */
function fits(plot: uPlot, second: number, label: string): boolean {
  const half = (LETTER_PIXELS * label.length) / 2;
  const place = plot.valToPos(second, 'x');
  const room = plot.width - plot.bbox.left / devicePixelRatio - place;
  return place >= half && room >= half;
}

export function clockOf(second: number): string {
  return new Date(second * 1000).toLocaleTimeString('en-GB');
}

function dayOf(second: number): string {
  return new Date(second * 1000).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}

/** A moment under the pointer: with its day where the chart shows more than one. */
export function pointedMoment(second: number, spanSeconds: number): string {
  if (spanSeconds < DAY_SECONDS) return clockOf(second);
  return shortMoment(second * 1000);
}

/** “23 Nov 10:14”. */
export function shortMoment(ms: number): string {
  return `${dayOf(ms / 1000)} ${clockOf(ms / 1000).slice(0, 5)}`;
}
