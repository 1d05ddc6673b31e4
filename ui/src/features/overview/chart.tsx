import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import type { SeriesInfo } from '../../live/series-buffers';
import { formatValue } from '../../shared/format';
import { useLiveStore } from '../../shared/live-context';

const HEIGHT = 116;
const HALF_LABEL_PIXELS = 28;
const SYNC_KEY = 'overview';

/** Axis steps that are round in KiB and MiB. */
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** Axis steps of what is counted: there are no half jobs. */
const WHOLE_STEPS = Array.from({ length: 8 }, (_, power) => 10 ** power).flatMap((step) => [
  step,
  2 * step,
  5 * step,
]);

const STEPS: Record<string, number[]> = {
  bytes: BINARY_STEPS,
  jobs: WHOLE_STEPS,
  sockets: WHOLE_STEPS,
};

/** A series over time. It redraws when a point was added, not for each frame of the stream. */
export function Chart(props: { info: SeriesInfo; title: string; unit: string }) {
  const { info, title, unit } = props;
  const boxRef = useRef<HTMLDivElement>(null);
  const live = useLiveStore();
  const scheme = useComputedColorScheme('dark');

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read from CSS, which `scheme` changes
  useEffect(() => {
    const box = boxRef.current;
    if (box === null) return;
    const data = () => {
      const { at, values } = live.series.data(info.name);
      return [at, values] as uPlot.AlignedData;
    };
    const plot = new uPlot(options(box, title, unit), data(), box);
    let drawn = signature(live.series.data(info.name).at);
    const stop = live.store.subscribe(() => {
      const now = signature(live.series.data(info.name).at);
      if (now === drawn || document.hidden) return;
      drawn = now;
      plot.setData(data());
    });
    const resize = new ResizeObserver(() => {
      if (box.clientWidth > 0) plot.setSize({ width: box.clientWidth, height: HEIGHT });
    });
    resize.observe(box);
    return () => {
      stop();
      resize.disconnect();
      plot.destroy();
    };
  }, [live, info.name, title, unit, scheme]);

  return (
    <div ref={boxRef} className="chart" style={{ height: HEIGHT }} role="img" aria-label={title} />
  );
}

const signature = (at: readonly number[]) => `${at.length}/${at[0]}/${at.at(-1)}`;

function options(box: HTMLElement, title: string, unit: string): uPlot.Options {
  const color = (name: string) => getComputedStyle(box).getPropertyValue(name).trim();
  const font = `12px ${getComputedStyle(box).fontFamily}`;
  const axis = { stroke: color('--g-dim'), font, ticks: { show: false }, gap: 4 };
  const grid = { stroke: color('--g-line'), width: 1 };
  return {
    width: Math.max(box.clientWidth, 120),
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: SYNC_KEY },
      y: false,
      drag: { x: false, y: false },
      points: { size: 6 },
    },
    plugins: [readout(unit)],
    scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, roof(max)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 22,
        space: 70,
        values: (plot, splits) => splits.map((second) => (fits(plot, second) ? clock(second) : '')),
      },
      {
        ...axis,
        grid,
        size: 62,
        space: 30,
        ...(STEPS[unit] ? { incrs: STEPS[unit] } : {}),
        values: (_plot, splits) => splits.map((value) => tick(value, unit)),
      },
    ],
    series: [
      {},
      {
        label: title,
        stroke: color('--g-accent'),
        fill: color('--g-accent-soft'),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
      },
    ],
  };
}

/** Leaves head room, and a scale for a line that has been zero all along. */
function roof(max: number | null): number {
  return max === null || max <= 0 ? 1 : max * 1.15;
}

/** The axis names only units that change the number, and rounds none of its round steps. */
function tick(value: number, unit: string): string {
  if (unit === 'bytes') return formatValue(value, unit);
  const rounded = (number: number) =>
    Number(number.toPrecision(3)).toLocaleString('en-GB', { maximumSignificantDigits: 3 });
  return unit === 'share' ? `${rounded(100 * value)} %` : rounded(value);
}

/** Whether a label in the middle of its tick stays inside the chart. */
function fits(plot: uPlot, second: number): boolean {
  const room = plot.width - (plot.bbox.left / devicePixelRatio + plot.valToPos(second, 'x'));
  return room >= HALF_LABEL_PIXELS;
}

function clock(second: number): string {
  const date = new Date(second * 1000);
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** Shows time and value under the pointer. */
function readout(unit: string): uPlot.Plugin {
  const label = document.createElement('div');
  label.className = 'chart-readout';
  label.hidden = true;
  return {
    hooks: {
      init: (plot) => plot.over.appendChild(label),
      setCursor: (plot) => {
        const { idx, left } = plot.cursor;
        label.hidden = idx === null || idx === undefined || (left ?? -1) < 0;
        if (idx === null || idx === undefined || label.hidden) return;
        const second = plot.data[0][idx] ?? 0;
        label.textContent = `${clock(second)}  ${formatValue(plot.data[1]?.[idx], unit)}`;
      },
    },
  };
}
