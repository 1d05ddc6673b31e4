import type { JobCommand } from '../../generated/JobCommand';
import type { JobCounts } from '../../generated/JobCounts';
import type { JobDetail } from '../../generated/JobDetail';
import type { JobRow } from '../../generated/JobRow';
import type { JobState } from '../../generated/JobState';
import type { JobText } from '../../generated/JobText';
import type { QueueDetail } from '../../generated/QueueDetail';
import type { QueueSummary } from '../../generated/QueueSummary';
import type { QueueTrouble } from '../../generated/QueueTrouble';
import type { QueueWorker } from '../../generated/QueueWorker';
import type { RateLimit } from '../../generated/RateLimit';
import type { SchedulerRow } from '../../generated/SchedulerRow';
import type { Series } from '../../generated/Series';

/** So much of a value is given at once. */
export const PIECE_BYTES = 65_536;

/** A job of the fake server. */
export class FakeJob {
  jobId = '';
  name = 'job';
  state: JobState = 'waiting';
  data = '{}';
  addedAt = 0;
  startedAt: number | null = null;
  endedAt: number | null = null;
  error: string | null = null;
  worker: string | null = null;
  graphId: string | null = null;
  returnValue: string | null = null;
  logs: string[] = [];
  stalled = 0;
  lockLeftMs: number | null = null;
  commands: JobCommand[] = [];

  detail(queue: FakeQueue): JobDetail {
    const moment = (at: number | null, what: string, detail: string | null = null) =>
      at === null ? [] : [{ at, what, detail }];
    return {
      at: queue.now,
      row: rowOf(this),
      state: this.state,
      data: textOf(this.data),
      options: textOf('{"attempts":3,"backoff":{"type":"exponential","delay":200}}'),
      returnValue: this.returnValue === null ? null : textOf(this.returnValue),
      progress: null,
      attempts: this.error === null ? [] : [{ number: 1, error: `${this.error}\n    at work` }],
      timeline: [
        ...moment(this.addedAt, 'added'),
        ...moment(this.startedAt, 'started', this.worker),
        ...moment(this.endedAt, this.state, this.error),
      ],
      logs: this.logs,
      logsTotal: this.logs.length,
      lockLeftMs: this.lockLeftMs,
      stalled: this.stalled,
      scheduler: null,
      commands: this.commands,
    };
  }
}

/** A queue of the fake server. */
export class FakeQueue {
  prefix = 'bull';
  queue = '';
  own = false;
  paused = false;
  troubles: QueueTrouble[] = [];
  jobs: FakeJob[] = [];
  workers: QueueWorker[] = [];
  schedulers: SchedulerRow[] = [];
  concurrency: number | null = null;
  rateLimit: RateLimit | null = null;
  failedShare: number | null = 0;
  depth: (number | null)[] = [0, 0];
  latency: (number | null)[] = [1, 2];
  now = Date.now();
  /** What is counted besides the jobs that are there. */
  more: Partial<JobCounts> = {};

  addJob(part: Partial<FakeJob>): FakeJob {
    const index = this.jobs.length + 1;
    const job = Object.assign(
      new FakeJob(),
      { jobId: `${index}`, addedAt: this.now - index * 1_000 },
      part,
    );
    this.jobs.push(job);
    return job;
  }
}

export function rowOf(job: FakeJob): JobRow {
  const { jobId, name, addedAt, startedAt, endedAt, worker, graphId } = job;
  return {
    jobId,
    name,
    addedAt,
    startedAt,
    endedAt,
    dueAt: job.state === 'delayed' ? addedAt + 3_600_000 : null,
    priority: 0,
    attemptsMade: job.error === null ? 0 : 3,
    attemptsMax: 3,
    failedReason: job.error,
    worker,
    dataBytes: job.data.length,
    graphId,
  };
}

function textOf(whole: string): JobText {
  const text = whole.slice(0, PIECE_BYTES);
  return { text, bytes: whole.length, cut: text.length < whole.length };
}

/** The error without its numbers. */
export function fingerprintOf(error: string): string {
  return error.replace(/\d+/g, '#').replace(/\W+/g, '-').slice(0, 40);
}

function countsOf(queue: FakeQueue): JobCounts {
  const count = (state: JobState) => queue.jobs.filter((job) => job.state === state).length;
  const counts = {
    waiting: count('waiting'),
    active: count('active'),
    delayed: count('delayed'),
    prioritized: count('prioritized'),
    waitingChildren: count('waiting-children'),
    completed: count('completed'),
    failed: count('failed'),
  };
  for (const [name, more] of Object.entries(queue.more)) {
    counts[name as keyof JobCounts] += more;
  }
  return counts;
}

function seriesOf(name: string, unit: string, now: number, values: (number | null)[]): Series {
  const at = values.map((_, index) => now - (values.length - 1 - index) * 5_000);
  return {
    name,
    unit,
    help: `The ${name} of the queue.`,
    metric: `bullmq_queue_${name}`,
    at,
    values,
  };
}

export function summaryOf(queue: FakeQueue): QueueSummary {
  const { prefix, own, paused, troubles, failedShare, now, depth, latency } = queue;
  const counts = countsOf(queue);
  return {
    prefix,
    queue: queue.queue,
    own,
    paused,
    counts,
    troubles,
    completedPerSecond: 12.5,
    failedPerSecond: 0.2,
    failedShare,
    oldestWaitingMs: counts.waiting > 0 ? 42_000 : null,
    latencyP95Ms: latency.at(-1) ?? null,
    drainEtaMs: counts.waiting > 0 ? 95_000 : null,
    workers: queue.workers.length,
    version: 'bullmq:6.7.0',
    depth: seriesOf('depth', 'jobs', now, depth),
    latency: seriesOf('latency', 'ms', now, latency),
  };
}

export function detailOf(queue: FakeQueue): QueueDetail {
  return {
    at: queue.now,
    summary: summaryOf(queue),
    workers: queue.workers,
    concurrency: queue.concurrency,
    rateLimit: queue.rateLimit,
    rateLimitedMs: null,
    workerConcurrency: queue.own ? 50 : null,
    memoryBytes: 3_400_000,
    events: 10_000,
    jobNames: [...new Set(queue.jobs.slice(0, 500).map((job) => job.name))],
  };
}
