import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { useComputedColorScheme } from '@mantine/core';
import { type RefObject, useEffect, useRef } from 'react';
import uPlot from 'uplot';

export const CHART_HEIGHT = 116;

export interface PlotMaker {
  /** Its height is kept; its width is that of the box. */
  options: (box: HTMLElement) => uPlot.Options;
  data: () => uPlot.AlignedData;
}

/**
 * Keeps a plot in a box: as wide as the box, in the colours of the theme. A new `maker` means a new
 * plot; so does another theme, since colours are read from CSS.
 */
export function usePlot(maker: PlotMaker, plot: RefObject<uPlot | null>) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('dark');
  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read from CSS, which `scheme` changes
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const options = maker.options(element);
    const { height } = options;
    const made = new uPlot(options, maker.data(), element);
    plot.current = made;
    const resize = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height });
    });
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [maker, plot, scheme]);
  return box;
}
