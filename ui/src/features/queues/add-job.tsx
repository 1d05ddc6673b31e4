import { Button, NumberInput, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { type FormEvent, useState } from 'react';
import type { AddJob } from '../../generated/AddJob';
import type { QueueDetail } from '../../generated/QueueDetail';
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

function AddJobForm({ detail }: { detail: QueueDetail }) {
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
  const wrong = 'fault' in parsed || Object.values(faults).some((fault) => fault !== undefined);
  const { add, isPending } = useAdd(detail);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wrong || !('value' in parsed)) return;
    add({
      queue: refOf(detail),
      name: name.trim(),
      data: parsed.value as AddJob['data'],
      ...(delay === '' ? {} : { delayMs: Number(delay) }),
      ...(priority === '' ? {} : { priority: Number(priority) }),
      ...(attempts === '' ? {} : { attempts: Number(attempts) }),
    });
  };
  return (
    <form className="queue-form" aria-label="Add a job" onSubmit={submit}>
      <p className="queue-dialog-text">
        {detail.summary.own
          ? 'This is one of Graphy’s own queues: a job whose data have another form than its workers expect fails.'
          : 'The workers of this queue run it like any other job.'}
      </p>
      <TextInput
        label="Name"
        data-autofocus
        value={name}
        error={faults.name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <JsonField label="Data (JSON)" text={text} onText={setText} parsed={parsed} />
      <div className="queue-form-pair">
        <NumberInput
          label="Delay, ms"
          placeholder="none"
          value={delay}
          error={faults.delay}
          onChange={setDelay}
        />
        <NumberInput
          label="Priority, 1 is first"
          placeholder="none"
          value={priority}
          error={faults.priority}
          onChange={setPriority}
        />
        <NumberInput
          label="Attempts"
          placeholder="1"
          value={attempts}
          error={faults.attempts}
          onChange={setAttempts}
        />
      </div>
      <div className="queue-dialog-foot">
        <span style={{ flex: 1 }} />
        <Button variant="default" onClick={() => modals.close(MODAL)}>
          Cancel
        </Button>
        <Button type="submit" disabled={wrong} loading={isPending}>
          Add the job
        </Button>
      </div>
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
