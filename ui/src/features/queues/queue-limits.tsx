import { Button, Checkbox, NumberInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { type FormEvent, useState } from 'react';
import type { ConfigureQueue } from '../../generated/ConfigureQueue';
import type { QueueDetail } from '../../generated/QueueDetail';
import { DialogFoot } from '../../shared/dialog-foot';
import { toast } from '../../shared/toasts';
import { useRpcMutation } from '../../shared/use-rpc';
import { useReadQueuesAgain } from './use-queues';
import { figure, refOf } from './wording';

const MODAL = 'queue-limits';
export const CONCURRENCY_MAX = 100_000;
export const RATE_JOBS_MAX = 1_000_000;
export const RATE_MS_MAX = 3_600_000;

export function openLimits(detail: QueueDetail): void {
  modals.open({
    modalId: MODAL,
    title: `Limits of ${detail.summary.queue}`,
    children: <LimitsForm detail={detail} />,
  });
}

/** The field of a number as typed; `undefined` if it is switched off. */
type Typed = string | number;

/** What is wrong with a whole number from 1 on; the limit is named. */
export function faultOf(typed: Typed, what: string, max: number): string | undefined {
  const value = Number(typed);
  const whole = typed !== '' && Number.isInteger(value) && value >= 1 && value <= max;
  return whole ? undefined : `${what}: a whole number from 1 to ${figure(max)}`;
}

/** The limits as they are typed, and what is wrong with them. */
function useDraft(detail: QueueDetail) {
  const { concurrency, rateLimit } = detail;
  const [bounded, setBounded] = useState(concurrency !== null);
  const [jobs, setJobs] = useState<Typed>(concurrency ?? 10);
  const [rated, setRated] = useState(rateLimit !== null);
  const [max, setMax] = useState<Typed>(rateLimit?.max ?? 100);
  const [duration, setDuration] = useState<Typed>(rateLimit?.durationMs ?? 1_000);
  const faults = {
    jobs: bounded ? faultOf(jobs, 'Jobs at once', CONCURRENCY_MAX) : undefined,
    max: rated ? faultOf(max, 'Jobs', RATE_JOBS_MAX) : undefined,
    duration: rated ? faultOf(duration, 'Milliseconds', RATE_MS_MAX) : undefined,
  };
  const wrong = Object.values(faults).some((fault) => fault !== undefined);
  const wanted: ConfigureQueue = {
    queue: refOf(detail),
    concurrency: bounded ? Number(jobs) : null,
    rateLimit: rated ? { max: Number(max), durationMs: Number(duration) } : null,
  };
  const typed = { bounded, jobs, rated, max, duration };
  const set = { setBounded, setJobs, setRated, setMax, setDuration };
  return { ...typed, ...set, faults, wrong, wanted };
}

/** Concurrency and rate limit, which hold for all workers at once. */
function LimitsForm({ detail }: { detail: QueueDetail }) {
  const draft = useDraft(detail);
  const { bounded, jobs, rated, max, duration, faults, wrong, wanted } = draft;
  const { save, isPending } = useSaveLimits(detail.summary.queue);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!wrong) save(wanted);
  };
  return (
    <form className="dialog-form" aria-label="Limits" onSubmit={submit}>
      <p className="dialog-text">
        They hold for all workers together, from the next job on. Jobs that run go on.
      </p>
      <Checkbox
        size="xs"
        label="Limit how many jobs run at once"
        checked={bounded}
        onChange={(event) => draft.setBounded(event.currentTarget.checked)}
      />
      <NumberInput
        label="Jobs at once"
        disabled={!bounded}
        value={jobs}
        error={faults.jobs}
        onChange={draft.setJobs}
      />
      <Checkbox
        size="xs"
        label="Limit how many jobs start in a time"
        checked={rated}
        onChange={(event) => draft.setRated(event.currentTarget.checked)}
      />
      <div className="dialog-fields">
        <NumberInput
          label="Jobs"
          disabled={!rated}
          value={max}
          error={faults.max}
          onChange={draft.setMax}
        />
        <NumberInput
          label="in how many milliseconds"
          disabled={!rated}
          value={duration}
          error={faults.duration}
          onChange={draft.setDuration}
        />
      </div>
      <DialogFoot onCancel={() => modals.close(MODAL)}>
        <Button type="submit" disabled={wrong} loading={isPending}>
          Set the limits
        </Button>
      </DialogFoot>
    </form>
  );
}

function useSaveLimits(queue: string) {
  const readAgain = useReadQueuesAgain();
  const configure = useRpcMutation('queues.configure', 'The limits were not set');
  const save = (wanted: ConfigureQueue) =>
    configure.mutate(wanted, {
      onSuccess: () => {
        modals.close(MODAL);
        toast('Limits set', queue);
        void readAgain();
      },
    });
  return { save, isPending: configure.isPending };
}
