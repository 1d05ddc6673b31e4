const TITLES: Record<string, string> = {
  commands_per_second: 'Commands per second',
  command_p95_ms: 'Command latency, p95',
  queue_depth: 'Queue depth',
  conflict_rate: 'Conflict rate',
  open_conflicts: 'Open conflicts',
  connections: 'Connections',
  redis_memory_bytes: 'Redis memory',
  redis_latency_ms: 'Redis latency',
  process_cpu_percent: 'Process CPU',
  process_memory_bytes: 'Process memory',
};

/** Units that the name of a series ends with; the values say them. */
const UNIT_ENDING = /_(ms|bytes|percent)$/;

/** Words that are not written as any other word. */
const SPELT: Record<string, string> = {
  aof: 'append-only file',
  cpu: 'CPU',
  http: 'HTTP',
  redis: 'Redis',
  websocket: 'WebSocket',
};

/** `command_p95_5m_ms`: what, which percentile, and over how long. */
const PERCENTILE = /^(.+?)(?:_latency)?_(p\d\d)(_\d+[mh])?_ms$/;
const OVER = /^\d+(?=[mh]$)/;

function wordOf(word: string): string {
  const [count] = OVER.exec(word) ?? [];
  if (count === undefined) return SPELT[word] ?? word;
  return `over ${count} ${word.endsWith('m') ? 'min' : 'h'}`;
}

/** What people call a series. An expression that somebody wrote is its own name. */
export function titleOf(name: string): string {
  if (!/^[a-z0-9_]+$/.test(name)) return name;
  const words = name
    .replace(PERCENTILE, '$1_latency,_$2$3')
    .replace(UNIT_ENDING, '')
    .split('_')
    .map(wordOf)
    .join(' ');
  return TITLES[name] ?? `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** Units as people write them. */
export function displayUnit(unit: string): string {
  switch (unit) {
    case 'percent':
      return '%';
    case 'per_second':
    case '1/s':
      return '/s';
    case 'count':
    // What is either so or not is said by its number alone.
    case '0 or 1':
      return '';
    case 'ratio':
      return 'share';
    default:
      return unit;
  }
}
