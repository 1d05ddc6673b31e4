import './bar-list.css';
import type { ReactNode } from 'react';

export interface Bar {
  key: string;
  label: ReactNode;
  count: number;
}

/** Counts by name, the largest as wide as there is room; choosing one filters by it. */
export function BarList(props: {
  bars: readonly Bar[];
  chosen: string | undefined;
  onChoose: (key: string) => void;
  empty: string;
}) {
  const { bars, chosen, onChoose, empty } = props;
  if (bars.length === 0) return <p className="dim bar-empty">{empty}</p>;
  const most = Math.max(...bars.map(({ count }) => count), 1);
  return (
    <ul className="bar-list">
      {bars.map(({ key, label, count }) => (
        <li key={key}>
          <button
            type="button"
            className="bar"
            aria-pressed={chosen === key}
            onClick={() => onChoose(key)}
          >
            <span className="bar-fill" style={{ width: `${(100 * count) / most}%` }} />
            <span className="bar-label">{label}</span>
            <span className="bar-count">{count.toLocaleString('en-GB')}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
