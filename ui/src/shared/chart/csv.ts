import type { SeriesData } from '../../live/series-buffers';
import type { PastSeries } from './range-chart';

/** One line per step; a step in which nothing was measured has empty fields. */
export function csvOfPast({ history, name }: PastSeries): string {
  const series = history.series.find((one) => one.name === name);
  const head = ['start', `${name}_mean`, `${name}_min`, `${name}_max`];
  const lines = history.at.map((at, index) => [
    moment(at),
    field(series?.mean[index]),
    field(series?.min[index]),
    field(series?.max[index]),
  ]);
  return csv([head, ...lines]);
}

/** One line per value of a series as it goes. */
export function csvOfLive(name: string, { at, values }: SeriesData): string {
  const lines = at.map((second, index) => [moment(second * 1000), field(values[index])]);
  return csv([['at', name], ...lines]);
}

const moment = (ms: number) => new Date(ms).toISOString();
const field = (value: number | null | undefined) =>
  value === null || value === undefined ? '' : String(value);
const csv = (rows: string[][]) => `${rows.map((row) => row.join(',')).join('\n')}\n`;
