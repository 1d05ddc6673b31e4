import { Button, NumberInput, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { type FormEvent, useState } from 'react';
import type { AddJob } from '../../generated/AddJob';
import type { QueueDetail } from '../../generated/QueueDetail';
import { DialogFoot } from '../../shared/dialog-foot';
import { navigate } from '../../shared/route';
import { toast } from '../../shared/toasts';
import { useRpcMutation } from '../../shared/use-rpc';
import { JsonField } from './json-field';
import { parseJson } from './json-text';
import { useReadQueuesAgain } from './use-queues';
import { figure, refOf } from './wording';

const MODAL = 'queue-add-job';
export const DATA_BYTES_MAX = 1_048_576;
const NAME_MAX = 200;
const DELAY_MS_MAX = 30 * 24 * 3_600_000;
const PRIORITY_MAX = 2_097_151;
const ATTEMPTS_MAX = 100;

type Typed = string | number;

export function openAddJob(detail: QueueDetail): void {
  modals.open({
    modalId: MODAL,
    title: `Add a job to ${detail.summary.queue}`,
    size: 'lg',
    children: <AddJobForm detail={detail} />,
  });
}

/** An empty field says nothing; others hold a whole number within the limits. */
function numberFault(typed: Typed, what: string, min: number, max: number): string | undefined {
  if (typed === '') return undefined;
  const value = Number(typed);
  if (Number.isInteger(value) && value >= min && value <= max) return undefined;
  return `${what}: a whole number from ${figure(min)} to ${figure(max)}`;
}

function nameFault(name: string): string | undefined {
  const length = [...name.trim()].length;
  return length >= 1 && length <= NAME_MAX ? undefined : `Name: 1 to ${NAME_MAX} characters`;
}

/** The job as it is typed, and what is wrong with it. */
function useDraft(detail: QueueDetail) {
  const [name, setName] = useState(detail.jobNames[0] ?? '');
  const [text, setText] = useState('{}');
  const [delay, setDelay] = useState<Typed>('');
  const [priority, setPriority] = useState<Typed>('');
  const [attempts, setAttempts] = useState<Typed>('');
  const parsed = parseJson(text, DATA_BYTES_MAX);
  const faults = {
    name: nameFault(name),
    delay: numberFault(delay, 'Delay', 0, DELAY_MS_MAX),
    priority: numberFault(priority, 'Priority', 1, PRIORITY_MAX),
    attempts: numberFault(attempts, 'Attempts', 1, ATTEMPTS_MAX),
  };
  const wrong = Object.values(faults).some((fault) => fault !== undefined);
  const job: AddJob | undefined =
    wrong || !('value' in parsed)
      ? undefined
      : {
          queue: refOf(detail),
          name: name.trim(),
          data: parsed.value as AddJob['data'],
          ...(delay === '' ? {} : { delayMs: Number(delay) }),
          ...(priority === '' ? {} : { priority: Number(priority) }),
          ...(attempts === '' ? {} : { attempts: Number(attempts) }),
        };
  const typed = { name, text, delay, priority, attempts };
  const set = { setName, setText, setDelay, setPriority, setAttempts };
  return { ...typed, ...set, parsed, faults, job };
}

function AddJobForm({ detail }: { detail: QueueDetail }) {
  const draft = useDraft(detail);
  const { name, text, delay, priority, attempts, parsed, faults, job } = draft;
  const { add, isPending } = useAdd(detail);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (job !== undefined) add(job);
  };
  return (
    <form className="dialog-form" aria-label="Add a job" onSubmit={submit}>
      <p className="dialog-text">
        {detail.summary.own
          ? 'This is one of Graphy’s own queues: a job whose data have another form than its workers expect fails.'
          : 'The workers of this queue run it like any other job.'}
      </p>
      <TextInput
        label="Name"
        data-autofocus
        value={name}
        error={faults.name}
        onChange={(event) => draft.setName(event.currentTarget.value)}
      />
      <JsonField label="Data (JSON)" text={text} onText={draft.setText} parsed={parsed} />
      <div className="dialog-fields">
        <NumberInput
          label="Delay, ms"
          placeholder="none"
          value={delay}
          error={faults.delay}
          onChange={draft.setDelay}
        />
        <NumberInput
          label="Priority, 1 is first"
          placeholder="none"
          value={priority}
          error={faults.priority}
          onChange={draft.setPriority}
        />
        <NumberInput
          label="Attempts"
          placeholder="1"
          value={attempts}
          error={faults.attempts}
          onChange={draft.setAttempts}
        />
      </div>
      <DialogFoot onCancel={() => modals.close(MODAL)}>
        <Button type="submit" disabled={job === undefined} loading={isPending}>
          Add the job
        </Button>
      </DialogFoot>
    </form>
  );
}

function useAdd(detail: QueueDetail) {
  const readAgain = useReadQueuesAgain();
  const mutation = useRpcMutation('queues.add_job', 'The job was not added');
  const add = (job: AddJob) =>
    mutation.mutate(job, {
      onSuccess: ({ jobId }) => {
        const { prefix, queue } = detail.summary;
        modals.close(MODAL);
        toast('Job added', jobId);
        navigate('queues', prefix, queue, jobId);
        void readAgain();
      },
    });
  return { add, isPending: mutation.isPending };
}
