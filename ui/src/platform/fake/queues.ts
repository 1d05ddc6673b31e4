import type { BulkConfirm } from '../../generated/BulkConfirm';
import type { BulkPreview } from '../../generated/BulkPreview';
import type { BulkRequest } from '../../generated/BulkRequest';
import type { BulkRun } from '../../generated/BulkRun';
import type { DeadLetterGroup } from '../../generated/DeadLetterGroup';
import type { JobFilter } from '../../generated/JobFilter';
import type { JobsRequest } from '../../generated/JobsRequest';
import type { JobTextRequest } from '../../generated/JobTextRequest';
import type { ErrorCode, ResponseOf } from '../../protocol';
import { ApiFailure } from '../platform';
import type { FakePlatform } from '.';
import {
  detailOf,
  type FakeJob,
  FakeQueue,
  fingerprintOf,
  PIECE_BYTES,
  rowOf,
  summaryOf,
} from './queue-shapes';

export { FakeQueue } from './queue-shapes';

/** A search looks at this many jobs at once. */
const LOOK_MAX = 400;
const SAMPLE_MAX = 5;

interface Ref {
  prefix?: string | undefined;
  queue: string;
}

interface Pending {
  request: BulkRequest;
  jobs: number;
}

/** What a run took away, to put it back. */
interface Ledger {
  run: BulkRun;
  request: BulkRequest;
  taken: FakeJob[];
  left: FakeJob[];
}

/** BullMQ queues of the fake server, for Vitest. */
export class FakeQueues {
  readonly queues = new Map<string, FakeQueue>();
  /** How many jobs a run changes between two looks at it. */
  stepJobs = Number.POSITIVE_INFINITY;
  undoMs: number | null = 60_000;
  private previews = 0;
  private readonly pending = new Map<string, Pending>();
  private readonly runs = new Map<string, Ledger>();

  constructor(platform: FakePlatform) {
    const { answers } = platform;
    answers['queues.list'] = () => this.list();
    answers['queues.get'] = (ref) => detailOf(this.find(ref));
    answers['queues.jobs'] = (request) => this.jobs(request);
    answers['queues.job'] = ({ queue, jobId }) => this.job(queue, jobId).detail(this.find(queue));
    answers['queues.job_text'] = (request) => this.text(request);
    answers['queues.retry_job'] = ({ queue, jobId }) => this.move(queue, jobId, 'failed');
    answers['queues.promote_job'] = ({ queue, jobId }) => this.move(queue, jobId, 'delayed');
    answers['queues.remove_job'] = ({ queue, jobId }) => {
      const from = this.find(queue);
      from.jobs = from.jobs.filter((job) => job.jobId !== jobId);
      return {};
    };
    answers['queues.edit_job'] = ({ queue, jobId, data }) => {
      const job = this.job(queue, jobId);
      job.data = JSON.stringify(data);
      this.move(queue, jobId, 'failed');
      return { jobId };
    };
    answers['queues.add_job'] = ({ queue, name, data, delayMs }) => {
      const state = delayMs ? 'delayed' : 'waiting';
      return { jobId: this.find(queue).addJob({ name, state, data: JSON.stringify(data) }).jobId };
    };
    this.answerOperating(platform);
    this.answerBulk(platform);
  }

  addQueue(part: Partial<FakeQueue> & { queue: string }): FakeQueue {
    const queue = Object.assign(new FakeQueue(), part);
    this.queues.set(`${queue.prefix}:${queue.queue}`, queue);
    return queue;
  }

  private answerOperating({ answers }: FakePlatform): void {
    const set = (ref: Ref, change: Partial<FakeQueue>) => {
      Object.assign(this.find(ref), change);
      return {};
    };
    answers['queues.pause'] = (ref) => set(ref, { paused: true });
    answers['queues.resume'] = (ref) => set(ref, { paused: false });
    answers['queues.configure'] = ({ queue, concurrency, rateLimit }) =>
      set(queue, { concurrency, rateLimit });
    answers['queues.schedulers'] = (ref) => ({ schedulers: this.find(ref).schedulers });
    answers['queues.repair_scheduler'] = ({ queue, schedulerId }) => {
      const { schedulers } = this.find(queue);
      const wanted = schedulers.find((row) => row.schedulerId === schedulerId);
      if (wanted !== undefined) Object.assign(wanted, { fault: null, nextRuns: [Date.now()] });
      return { schedulers };
    };
    answers['queues.remove_scheduler'] = ({ queue, schedulerId }) => {
      const from = this.find(queue);
      const schedulers = from.schedulers.filter((row) => row.schedulerId !== schedulerId);
      return set(queue, { schedulers });
    };
    answers['queues.dead_letters'] = ({ queue }) => this.deadLetters(queue);
  }

  private answerBulk({ answers }: FakePlatform): void {
    answers['queues.preview'] = (request) => this.preview(request);
    answers['queues.run'] = (confirm) => this.run(confirm);
    answers['queues.runs'] = () => this.listRuns();
    answers['queues.run_status'] = ({ runId }) => this.step(this.ledger(runId));
    answers['queues.run_stop'] = ({ runId }) => this.stop(this.ledger(runId));
    answers['queues.run_undo'] = ({ runId }) => this.undo(this.ledger(runId));
  }

  private find({ prefix = 'bull', queue }: Ref): FakeQueue {
    const found = this.queues.get(`${prefix}:${queue}`);
    if (found === undefined) throw refusal('not_found', `there is no queue ${prefix}:${queue}`);
    return found;
  }

  private job(ref: Ref, jobId: string): FakeJob {
    const found = this.find(ref).jobs.find((job) => job.jobId === jobId);
    if (found === undefined) throw refusal('not_found', `there is no job ${jobId}`);
    return found;
  }

  private list(): ResponseOf<'queues.list'> {
    const queues = [...this.queues.values()].map(summaryOf);
    const search = { completedAt: null, keysSeen: 120_000, keysTotal: 280_000, cut: false };
    return { at: Date.now(), since: Date.now() - 600_000, queues, search };
  }

  private jobs(request: JobsRequest): ResponseOf<'queues.jobs'> {
    const { state, filter = {}, offset = 0, limit = 50 } = request;
    const all = this.find(request.queue).jobs.filter((job) => job.state === state);
    const jobs: ReturnType<typeof rowOf>[] = [];
    let at = offset;
    while (at < all.length && jobs.length < limit && at - offset < LOOK_MAX) {
      const job = all[at] as FakeJob;
      if (matches(job, filter)) jobs.push(rowOf(job));
      at += 1;
    }
    const next = at < all.length ? at : null;
    return { at: Date.now(), total: all.length, jobs, next, lookedAt: at - offset };
  }

  private text({ queue, jobId, offset }: JobTextRequest): ResponseOf<'queues.job_text'> {
    const whole = this.job(queue, jobId).data;
    const text = whole.slice(offset, offset + PIECE_BYTES);
    return { text, bytes: whole.length, cut: offset + text.length < whole.length };
  }

  private move(ref: Ref, jobId: string, from: FakeJob['state']): Record<string, never> {
    const job = this.job(ref, jobId);
    if (job.state !== from) throw refusal('invalid', `job ${jobId} is not ${from}`);
    job.state = 'waiting';
    return {};
  }

  private deadLetters(ref: Ref | undefined): ResponseOf<'queues.dead_letters'> {
    const queues = ref === undefined ? [...this.queues.values()] : [this.find(ref)];
    const groups = queues.flatMap(groupsOf).sort((one, other) => other.jobs - one.jobs);
    const jobs = groups.reduce((sum, group) => sum + group.jobs, 0);
    return { at: Date.now(), groups, jobs, lookedAt: jobs };
  }

  private chosen({ queue, state, filter = {} }: BulkRequest): FakeJob[] {
    return this.find(queue).jobs.filter((job) => job.state === state && matches(job, filter));
  }

  private preview(request: BulkRequest): BulkPreview {
    const chosen = this.chosen(request);
    this.previews += 1;
    const confirmation = `confirm-${this.previews}`;
    this.pending.set(confirmation, { request, jobs: chosen.length });
    return {
      jobs: chosen.length,
      lookedAt: this.find(request.queue).jobs.length,
      cut: false,
      sample: chosen.slice(0, SAMPLE_MAX).map(rowOf),
      confirmation,
      expiresAt: Date.now() + 120_000,
      undoMs: request.action === 'remove' ? this.undoMs : null,
    };
  }

  private run({ confirmation }: BulkConfirm): BulkRun {
    const pending = this.pending.get(confirmation);
    this.pending.delete(confirmation);
    if (pending === undefined) throw refusal('invalid', 'confirmation: it is good once');
    const { request, jobs } = pending;
    const left = this.chosen(request);
    if (left.length !== jobs) throw refusal('invalid', 'the number of jobs has changed');
    const run: BulkRun = {
      runId: `run-${this.runs.size + 1}`,
      queue: request.queue,
      action: request.action,
      state: 'running',
      jobs,
      done: 0,
      skipped: 0,
      error: null,
      undoUntil: null,
    };
    this.runs.set(run.runId, { run, request, taken: [], left });
    return { ...run };
  }

  /** A look at them moves none on. */
  private listRuns(): ResponseOf<'queues.runs'> {
    const runs = [...this.runs.values()].map(({ run }) => ({ ...run }));
    const open = runs.filter(({ state, undoUntil }) => state === 'running' || undoUntil !== null);
    return { runs: open.reverse() };
  }

  private ledger(runId: string): Ledger {
    const found = this.runs.get(runId);
    if (found === undefined) throw refusal('not_found', `there is no run ${runId}`);
    return found;
  }

  private step(ledger: Ledger): BulkRun {
    const { run, request, taken, left } = ledger;
    if (run.undoUntil !== null && run.undoUntil < Date.now()) run.undoUntil = null;
    if (run.state !== 'running') return { ...run };
    const queue = this.find(request.queue);
    for (const job of left.splice(0, this.stepJobs)) {
      if (request.action === 'remove') queue.jobs.splice(queue.jobs.indexOf(job), 1);
      else job.state = 'waiting';
      taken.push(job);
      run.done += 1;
    }
    if (left.length === 0) this.end(run, 'done');
    return { ...run };
  }

  private end(run: BulkRun, state: BulkRun['state']): void {
    run.state = state;
    if (run.action === 'remove' && this.undoMs !== null) run.undoUntil = Date.now() + this.undoMs;
  }

  private stop({ run }: Ledger): BulkRun {
    if (run.state === 'running') this.end(run, 'stopped');
    return { ...run };
  }

  private undo({ run, request, taken }: Ledger): BulkRun {
    if (run.undoUntil === null || run.undoUntil < Date.now()) {
      throw refusal('too_old', 'the time in which it can be taken back is over');
    }
    this.find(request.queue).jobs.push(...taken.splice(0));
    Object.assign(run, { state: 'undone', undoUntil: null });
    return { ...run };
  }
}

function matches(job: FakeJob, { text, name, fingerprint }: JobFilter): boolean {
  const said = `${job.jobId} ${job.name} ${job.data}`.toLowerCase();
  return (
    (text === undefined || said.includes(text.toLowerCase())) &&
    (name === undefined || job.name === name) &&
    (fingerprint === undefined || fingerprintOf(job.error ?? '') === fingerprint)
  );
}

function groupsOf(queue: FakeQueue): DeadLetterGroup[] {
  const groups = new Map<string, DeadLetterGroup>();
  for (const job of queue.jobs) {
    if (job.state !== 'failed') continue;
    const error = job.error ?? '';
    const fingerprint = fingerprintOf(error);
    const known = groups.get(fingerprint);
    const at = job.endedAt ?? job.addedAt;
    groups.set(fingerprint, {
      fingerprint,
      queue: { prefix: queue.prefix, queue: queue.queue },
      error,
      jobs: (known?.jobs ?? 0) + 1,
      jobNames: [...new Set([...(known?.jobNames ?? []), job.name])],
      firstAt: Math.min(known?.firstAt ?? at, at),
      lastAt: Math.max(known?.lastAt ?? at, at),
      newestJobId: job.jobId,
    });
  }
  return [...groups.values()];
}

function refusal(code: ErrorCode, message: string): ApiFailure {
  return new ApiFailure({ code, message, retryable: false, traceId: 'fake' });
}
