import type { OverviewSnapshot, SeriesPoint } from '../protocol';

const POINTS_MAX = 3_600;

export interface SeriesInfo {
  name: string;
  unit: string;
  help: string;
  metric: string;
}

export interface SeriesData {
  /** Seconds, ascending: what the chart wants. */
  at: number[];
  values: (number | null)[];
}

/** The time series of the overview, newest `POINTS_MAX` points each. */
export class SeriesBuffers {
  infos: SeriesInfo[] = [];
  since: number | undefined;
  stepMs = 1_000;
  private readonly byName = new Map<string, SeriesData>();

  data(name: string): SeriesData {
    return this.byName.get(name) ?? { at: [], values: [] };
  }

  last(name: string): number | null {
    return this.data(name).values.at(-1) ?? null;
  }

  /** Replaces history by the server's; points that came after it stay. */
  load(snapshot: OverviewSnapshot): void {
    this.since = snapshot.since;
    this.stepMs = snapshot.stepMs;
    this.infos = snapshot.series.map(({ name, unit, help, metric }) => ({
      name,
      unit,
      help,
      metric,
    }));
    for (const { name, at, values } of snapshot.series) {
      const history: SeriesData = { at: at.map((ms) => ms / 1000), values: [...values] };
      const end = history.at.at(-1) ?? Number.NEGATIVE_INFINITY;
      const own = this.data(name);
      own.at.forEach((second, index) => {
        if (second <= end) return;
        history.at.push(second);
        history.values.push(own.values[index] ?? null);
      });
      this.byName.set(name, trim(history));
    }
  }

  /** Adds one point per series; points of one step replace each other. */
  append(atMs: number, points: readonly SeriesPoint[]): void {
    const second = atMs / 1000;
    for (const { name, value } of points) {
      const data = this.byName.get(name) ?? { at: [], values: [] };
      const last = data.at.at(-1);
      const stepStart = Math.floor(atMs / this.stepMs);
      if (last !== undefined && Math.floor((last * 1000) / this.stepMs) === stepStart) {
        data.values[data.values.length - 1] = value;
      } else if (last === undefined || second > last) {
        data.at.push(second);
        data.values.push(value);
      }
      this.byName.set(name, trim(data));
    }
  }
}

function trim(data: SeriesData): SeriesData {
  const extra = data.at.length - POINTS_MAX;
  if (extra > POINTS_MAX / 10) {
    data.at.splice(0, extra);
    data.values.splice(0, extra);
  }
  return data;
}
