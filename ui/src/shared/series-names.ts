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

/** What people call a series. */
export function titleOf(name: string): string {
  return TITLES[name] ?? name;
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
      return '';
    case 'ratio':
      return 'share';
    default:
      return unit;
  }
}
