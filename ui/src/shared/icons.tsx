/** The console's few icons, drawn on a 16-pixel grid. They are decoration: labels stand beside. */
const PATHS = {
  overview: 'M2 13V8m4 5V4m4 9V6m4 7V2',
  graph: 'M4 5.5 7 11m2 0 3-5.5M5.5 4h5',
  queue: 'M2 3.5h12M2 8h8M2 12.5h5M12.5 8v4.5m-1.8-1.8 1.8 1.8 1.8-1.8',
  conflict: 'M3 2.5v3.2L8 9l5-3.3V2.5M8 9v4.5M6 11.8l2 2 2-2',
  history: 'M3 8a5.2 5.2 0 1 0 1.6-3.8L3 5.8M3 2.6v3.2h3.2M8 5.2V8l2 1.6',
  lab: 'M6 2.5h4M6.8 2.5v4L3.2 12.2a1 1 0 0 0 .9 1.5h7.8a1 1 0 0 0 .9-1.5L9.2 6.5v-4M4.9 10h6.2',
  settings: 'M2 4.5h6m4 0h2M2 11.5h2m4 0h6',
  search: 'M10.2 10.2 14 14',
  plus: 'M8 3v10M3 8h10',
  fit: 'M2.5 6V2.5H6m4 0h3.5V6m0 4v3.5H10m-4 0H2.5V10',
  upload: 'M8 10.5V2.5M4.8 5.5 8 2.3l3.2 3.2M2.5 10v3.5h11V10',
  download: 'M8 2.5v8M4.8 7.5 8 10.7l3.2-3.2M2.5 10v3.5h11V10',
  trash: 'M3 4.5h10M6.3 4.5V2.7h3.4v1.8M4.3 4.5l.6 8.8h6.2l.6-8.8',
  bell: 'M3.2 11.5h9.6L11.6 9.6V6.8a3.6 3.6 0 0 0-7.2 0v2.8ZM6.7 13.6h2.6M8 1.9v1.2',
  server: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.1M5 11h.1M7.5 5h3.5M7.5 11h3.5',
  audit: 'M3.5 2h9v12h-9zM6 5.2h4M6 8h4m-4 2.8h2.2',
  report: 'M2.5 13.5h11M4.2 11V8.5M8 11V4.5m3.8 6.5V6.5',
  close: 'm4 4 8 8m0-8-8 8',
  keyboard: 'M2 4h12v8.5H2zM4.5 6.7h.1m2.2 0h.1m2.2 0h.1m2.2 0h.1M5 10h6',
  sun: 'M8 1.5V3m0 10v1.5M1.5 8H3m10 0h1.5M3.4 3.4l1 1m7.2 7.2 1 1m0-9.2-1 1m-7.2 7.2-1 1',
  moon: 'M13.5 9.7A6 6 0 0 1 6.3 2.5a5.8 5.8 0 1 0 7.2 7.2Z',
  system: 'M2 3h12v8H2zM6 13.5h4M8 11v2.5',
  warning: 'M8 2 14.5 13.5h-13ZM8 6.5v3.2m0 1.9v.1',
  chevron: 'm4.5 6.5 3.5 3.5 3.5-3.5',
  edit: 'm3 13 .6-2.8L11 2.8l2.2 2.2-7.4 7.4Z',
  copy: 'M5.5 5.5h8v8h-8zM3 10.5h-.5v-8h8V3',
  undo: 'M6 3 2.5 6.5 6 10M2.8 6.5h6.4a3.6 3.6 0 0 1 0 7.2H6',
  redo: 'm10 3 3.5 3.5L10 10m3.2-3.5H6.8a3.6 3.6 0 0 0 0 7.2H10',
  pause: 'M5.5 3v10M10.5 3v10',
  play: 'M4.5 2.8 12.5 8l-8 5.2Z',
  stop: 'M4 4h8v8H4z',
  skull:
    'M3.5 9.5A5 5 0 0 1 8 2.3a5 5 0 0 1 4.5 7.2l-1.5 1v3H5v-3ZM6.2 7.2v.1M9.8 7.2v.1M8 13.3v-2',
  refresh: 'M13.3 6A5.6 5.6 0 0 0 3 5.3M2.7 10a5.6 5.6 0 0 0 10.3.7M3 2.3v3h3m7 8.4v-3h-3',
} as const;

const CIRCLES: Partial<Record<IconName, [number, number, number][]>> = {
  graph: [
    [4, 4, 1.7],
    [12, 4, 1.7],
    [8, 12.4, 1.7],
  ],
  settings: [
    [10, 4.5, 1.9],
    [6, 11.5, 1.9],
  ],
  search: [[7, 7, 4.4]],
  sun: [[8, 8, 2.7]],
};

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      style={{ flex: 'none' }}
    >
      <path d={PATHS[name]} />
      {CIRCLES[name]?.map(([x, y, r]) => (
        <circle key={`${x}-${y}`} cx={x} cy={y} r={r} />
      ))}
    </svg>
  );
}
