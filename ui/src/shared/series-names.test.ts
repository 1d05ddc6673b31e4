import { describe, expect, it } from 'vitest';
import { titleOf } from './series-names';

describe('series', () => {
  it('have titles that people would write', () => {
    const titles = {
      command_p95_ms: 'Command latency, p95',
      command_p99_5m_ms: 'Command latency, p99 over 5 min',
      sync_queue_latency_p95_ms: 'Sync queue latency, p95',
      http_error_rate: 'HTTP error rate',
      websocket_uptime: 'WebSocket uptime',
      redis_aof_bytes: 'Redis append-only file',
      jobs_failed_10m: 'Jobs failed over 10 min',
      task_panics_1h: 'Task panics over 1 h',
    };
    expect(Object.keys(titles).map(titleOf)).toEqual(Object.values(titles));
  });

  it('keep the name of an expression that somebody wrote', () => {
    const expression = 'rate(graphy_jobs_processed_total[5m])';
    expect(titleOf(expression)).toBe(expression);
  });
});
