/** Units that count things, for exactly one of them. */
const SINGULAR: Record<string, string> = {
  breakers: 'breaker',
  clients: 'client',
  conflicts: 'conflict',
  connections: 'connection',
  graphs: 'graph',
  jobs: 'job',
  panics: 'panic',
  restarts: 'restart',
  sockets: 'socket',
  tasks: 'task',
  workers: 'worker',
};

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${digits(value)} ${UNITS[unit]}`;
}

/** A value of a series in its unit, at three significant digits. */
export function formatValue(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (unit === 'bytes' || unit === 'B') return formatBytes(value);
  if (unit === 'share') return formatShare(value);
  const noun = value === 1 ? (SINGULAR[unit] ?? unit) : unit;
  return `${digits(value)}${noun === '' ? '' : ` ${noun}`}`;
}

/** A part of one whole in percent: 0.07 is “7 %”. What is not quite all is never rounded to all. */
export function formatShare(value: number): string {
  const percent = Number((value * 100).toPrecision(12));
  if (percent > 99 && percent < 100) return `${(Math.floor(percent * 100) / 100).toFixed(2)} %`;
  return `${digits(percent)} %`;
}

/** A limit as it was set: rounded, it would be another one. */
export function formatLimit(limit: number, unit: string): string {
  if (unit === 'bytes') return formatBytes(limit);
  const number = unit === 'share' ? limit * 100 : limit;
  const exact = Number(number.toPrecision(12)).toLocaleString('en-GB', {
    maximumFractionDigits: 9,
  });
  if (unit === 'share') return `${exact} %`;
  const noun = limit === 1 ? (SINGULAR[unit] ?? unit) : unit;
  return noun === '' ? exact : `${exact} ${noun}`;
}

function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) {
    return Math.round(value).toLocaleString('en-GB');
  }
  return value.toFixed(size >= 10 ? 1 : 2);
}

export function formatClock(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB');
}

export function formatDateTime(ms: number): string {
  const date = new Date(ms);
  return `${date.toLocaleDateString('en-CA')} ${date.toLocaleTimeString('en-GB')}`;
}

const DAY_MS = 86_400_000;

/** The time alone says enough of the last day; of what is older, the day matters more than the second. */
export function formatMoment(ms: number): string {
  return Date.now() - ms < DAY_MS ? formatClock(ms) : formatDateTime(ms).slice(0, 16);
}

/** Dates beyond what a calendar can name stand for “never”. */
const LAST_DATE_MS = 8_640_000_000_000_000;

export function formatExpiry(ms: number): string {
  return ms >= LAST_DATE_MS ? 'never' : formatDateTime(ms);
}

/** “3 min”, “2 h 5 min”: how long `ms` is, roughly. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return twoUnits(`${hours} h`, minutes % 60, 'min');
  return twoUnits(`${Math.floor(hours / 24)} d`, hours % 24, 'h');
}

/** A whole number of hours or days needs no second unit. */
function twoUnits(large: string, small: number, unit: string): string {
  return small === 0 ? large : `${large} ${small} ${unit}`;
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-GB')} ${noun}${count === 1 ? '' : 's'}`;
}
