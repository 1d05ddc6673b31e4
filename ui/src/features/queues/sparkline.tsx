import type { Series } from '../../generated/Series';

const WIDTH = 66;
const HEIGHT = 26;
const MARGIN = 1.5;

/** The course of a series, from zero up; gaps where nothing was measured. It never changes its size. */
export function Sparkline({ series, label }: { series: Series; label: string }) {
  const path = linesOf(series.values);
  return (
    <svg
      className="sparkline"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <line x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className="sparkline-floor" />
      {path === '' ? null : <path d={path} className="sparkline-line" />}
    </svg>
  );
}

/** The path of the values, in straight lines; a lone value becomes a dot. */
export function linesOf(values: readonly (number | null)[]): string {
  const roof = Math.max(0, ...values.map((value) => value ?? 0)) || 1;
  const step = WIDTH / Math.max(1, values.length - 1);
  const room = HEIGHT - 2 * MARGIN;
  let drawing = false;
  return values
    .flatMap((value, index) => {
      if (value === null) {
        drawing = false;
        return [];
      }
      const at = `${round(index * step)} ${round(HEIGHT - MARGIN - (room * value) / roof)}`;
      const alone = !drawing && (values[index + 1] ?? null) === null;
      const part = `${drawing ? 'L' : 'M'}${at}${alone ? 'h1' : ''}`;
      drawing = true;
      return [part];
    })
    .join('');
}

const round = (value: number) => Number(value.toFixed(1));
