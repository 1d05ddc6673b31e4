import { Button } from '@mantine/core';
import { modals } from '@mantine/modals';
import type { QueueDetail } from '../../generated/QueueDetail';
import type { RateLimit } from '../../generated/RateLimit';
import { DialogFoot } from '../../shared/dialog-foot';
import { formatBytes, plural } from '../../shared/format';
import { Freshness, type Reading } from '../../shared/freshness';
import { Icon } from '../../shared/icons';
import { useOperateBar, WithReason } from '../../shared/operating';
import { toast } from '../../shared/toasts';
import { ToneMark } from '../../shared/tone-mark';
import { useRpcMutation } from '../../shared/use-rpc';
import { openAddJob } from './add-job';
import { openLimits } from './queue-limits';
import { OwnBadge } from './queue-list';
import { TroubleBadges } from './trouble-badges';
import { QUEUE_MS, useReadQueuesAgain } from './use-queues';
import {
  COMMANDS_QUEUE,
  emptyIn,
  figure,
  formatFailedShare,
  formatRate,
  formatSpan,
  readyOf,
  refOf,
} from './wording';

/** What the queue is, how it does, and what can be done to it. */
export function QueueHead({ detail, reading }: { detail: QueueDetail; reading: Reading }) {
  const { summary } = detail;
  return (
    <header className="queue-head">
      <div className="queue-head-line">
        <h1 className="page-title">{summary.queue}</h1>
        <OwnBadge own={summary.own} prefix={summary.prefix} />
        {summary.paused ? (
          <ToneMark tone="warn" data-testid="paused">
            paused
          </ToneMark>
        ) : null}
        <TroubleBadges
          troubles={summary.troubles.filter((trouble) => trouble !== 'paused_with_jobs')}
        />
        <span className="push" />
        <Freshness reading={reading} everyMs={QUEUE_MS} />
        <Actions detail={detail} />
      </div>
      <Facts detail={detail} />
    </header>
  );
}

function Facts({ detail }: { detail: QueueDetail }) {
  const { summary, memoryBytes, events, concurrency, rateLimit, rateLimitedMs } = detail;
  const facts: [string, string, string?][] = [
    ['Done/s', formatRate(summary.completedPerSecond), 'Over the last minute'],
    ['Failing', formatFailedShare(summary.failedShare), 'Of the jobs of the last five minutes'],
    ['Oldest waiting', formatSpan(summary.oldestWaitingMs)],
    ['Empty in', emptyIn(summary), 'At the present pace'],
    ['Workers', summary.workers === null ? '–' : figure(summary.workers)],
    ['At once', concurrencyWords(detail), 'Jobs that may run at the same time'],
    ['Rate limit', rateWords(rateLimit, rateLimitedMs)],
    ['Memory', memoryBytes === null ? '–' : `≈ ${formatBytes(memoryBytes)}`, 'From a sample'],
    ['Events kept', figure(events)],
    [
      'Written by',
      summary.version ?? 'not said',
      'The version that its last writer said of itself',
    ],
    ['Keys', `${summary.prefix}:${summary.queue}:*`],
  ];
  return (
    <dl className="queue-facts" aria-label="Facts" data-limit={concurrency ?? undefined}>
      {facts.map(([name, value, about]) => (
        <div key={name} title={about}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function concurrencyWords({ concurrency, workerConcurrency }: QueueDetail): string {
  const all = concurrency === null ? 'no limit' : `${figure(concurrency)} in all`;
  return workerConcurrency === null ? all : `${all}, ${figure(workerConcurrency)} per worker`;
}

/** “100 per 1 s, holds back for 400 ms”. */
export function rateWords(limit: RateLimit | null, limitedMs: number | null): string {
  if (limit === null) return 'none';
  const holds = limitedMs === null ? '' : `, holds back for ${formatSpan(limitedMs)}`;
  return `${figure(limit.max)} per ${formatSpan(limit.durationMs)}${holds}`;
}

function Actions({ detail }: { detail: QueueDetail }) {
  const bar = useOperateBar();
  const off = bar !== undefined;
  return (
    <WithReason reason={bar}>
      <div className="queue-actions">
        <Button variant="default" disabled={off} onClick={() => openAddJob(detail)}>
          Add a job…
        </Button>
        <Button variant="default" disabled={off} onClick={() => openLimits(detail)}>
          Limits…
        </Button>
        {detail.summary.paused ? (
          <Resume detail={detail} off={off} />
        ) : (
          <Button
            variant="default"
            disabled={off}
            leftSection={<Icon name="pause" size={12} />}
            onClick={() => openPause(detail)}
          >
            Pause…
          </Button>
        )}
      </div>
    </WithReason>
  );
}

/** Harmless: one press. */
function Resume({ detail, off }: { detail: QueueDetail; off: boolean }) {
  const readAgain = useReadQueuesAgain();
  const resume = useRpcMutation('queues.resume', 'The queue was not resumed');
  return (
    <Button
      disabled={off}
      loading={resume.isPending}
      leftSection={<Icon name="play" size={12} />}
      onClick={() => resume.mutate(refOf(detail), { onSuccess: () => void readAgain() })}
    >
      Resume
    </Button>
  );
}

const PAUSE = 'queue-pause';

function openPause(detail: QueueDetail): void {
  modals.open({
    modalId: PAUSE,
    title: `Pause ${detail.summary.queue}?`,
    children: <Pause detail={detail} />,
  });
}

/** Can be taken back, but everybody feels it: says so first. */
function Pause({ detail }: { detail: QueueDetail }) {
  const { queue, own, counts } = detail.summary;
  const readAgain = useReadQueuesAgain();
  const pause = useRpcMutation('queues.pause', 'The queue was not paused');
  const start = () =>
    pause.mutate(refOf(detail), {
      onSuccess: () => {
        modals.close(PAUSE);
        toast('Queue paused', queue);
        void readAgain();
      },
    });
  return (
    <>
      <p className="dialog-text">
        No worker starts another of its jobs until it is resumed. {plural(readyOf(counts), 'job')}{' '}
        wait now, and new ones will; {figure(counts.active)} at workers go on to their end.
      </p>
      {own && queue === COMMANDS_QUEUE ? (
        <p className="dialog-warning" role="note">
          This is the queue of all edits: nobody’s edit is stored while it is paused.
        </p>
      ) : null}
      <DialogFoot onCancel={() => modals.close(PAUSE)} grave>
        <Button color="red" loading={pause.isPending} onClick={start}>
          Pause the queue
        </Button>
      </DialogFoot>
    </>
  );
}
