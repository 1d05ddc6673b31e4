import './bar-list.css';
import type { ReactNode } from 'react';

export interface Bar {
  key: string;
  label: ReactNode;
  count: number;
  /** The count in words, where the number alone would say too little. */
  said?: string;
}

/** Counts by name, the largest as wide as there is room; choosing one filters by it, if it may be. */
export function BarList(props: {
  bars: readonly Bar[];
  chosen?: string;
  onChoose?: (key: string) => void;
  empty: string;
}) {
  const { bars, chosen, onChoose, empty } = props;
  if (bars.length === 0) return <p className="dim bar-empty">{empty}</p>;
  const most = Math.max(...bars.map(({ count }) => count), Number.MIN_VALUE);
  return (
    <ul className="bar-list">
      {bars.map((bar) => (
        <li key={bar.key}>
          {onChoose ? (
            <button
              type="button"
              className="bar"
              aria-pressed={chosen === bar.key}
              onClick={() => onChoose(bar.key)}
            >
              <Content bar={bar} most={most} />
            </button>
          ) : (
            <div className="bar" data-still>
              <Content bar={bar} most={most} />
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

function Content({ bar, most }: { bar: Bar; most: number }) {
  const { label, count, said } = bar;
  return (
    <>
      <span className="bar-fill" style={{ width: `${(100 * count) / most}%` }} />
      <span className="bar-label">{label}</span>
      <span className="bar-count">{said ?? count.toLocaleString('en-GB')}</span>
    </>
  );
}
