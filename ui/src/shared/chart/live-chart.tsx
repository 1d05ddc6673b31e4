import { type RefObject, useEffect, useMemo, useRef } from 'react';
import type uPlot from 'uplot';
import type { AlertMark } from '../../generated/AlertMark';
import { useLiveStore } from '../live-context';
import { chartOptions } from './options';
import { CHART_HEIGHT, type PlotMaker, usePlot } from './use-plot';

/** A series as it goes. It redraws when a point was added, not for each frame of the stream. */
export function LiveChart(props: {
  name: string;
  title: string;
  unit: string;
  marks: readonly AlertMark[];
  plot: RefObject<uPlot | null>;
}) {
  const { name, title, unit, marks, plot } = props;
  const live = useLiveStore();
  const shownMarks = useRef(marks);
  shownMarks.current = marks;
  const maker = useMemo<PlotMaker>(
    () => ({
      options: (box) =>
        chartOptions(box, {
          title,
          unit,
          band: false,
          backdrop: () => ({ marks: shownMarks.current }),
        }),
      data: () => {
        const { at, values } = live.series.data(name);
        return [at, values];
      },
    }),
    [live, name, title, unit],
  );
  const box = usePlot(maker, plot);
  useEffect(() => {
    let drawn = signature(live.series.data(name).at);
    return live.store.subscribe(() => {
      const now = signature(live.series.data(name).at);
      if (now === drawn || document.hidden) return;
      drawn = now;
      plot.current?.setData(maker.data());
    });
  }, [live, name, maker, plot]);
  return (
    <div
      ref={box}
      className="chart"
      style={{ height: CHART_HEIGHT }}
      role="img"
      aria-label={title}
    />
  );
}

const signature = (at: readonly number[]) => `${at.length}/${at[0]}/${at.at(-1)}`;
