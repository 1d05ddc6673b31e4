import type uPlot from 'uplot';

/** Says in a corner of the chart what is under the pointer; nothing where `words` knows nothing. */
export function readout(words: (plot: uPlot, left: number) => string | undefined): uPlot.Plugin {
  const label = document.createElement('div');
  label.className = 'chart-readout';
  label.hidden = true;
  return {
    hooks: {
      init: (plot) => plot.over.appendChild(label),
      setCursor: (plot) => {
        const { left = -1 } = plot.cursor;
        const said = left < 0 ? undefined : words(plot, left);
        label.hidden = said === undefined;
        if (said !== undefined) label.textContent = said;
      },
    },
  };
}
