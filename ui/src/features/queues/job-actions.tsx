import { ActionIcon, Button, CopyButton, Tooltip } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { EditJob } from '../../generated/EditJob';
import type { JobDetail } from '../../generated/JobDetail';
import type { JobRef } from '../../generated/JobRef';
import type { JobState } from '../../generated/JobState';
import { DialogFoot } from '../../shared/dialog-foot';
import { Icon } from '../../shared/icons';
import { BarredButton, useOperateBar } from '../../shared/operating';
import { navigate } from '../../shared/route';
import { toast } from '../../shared/toasts';
import { useRpcMutation } from '../../shared/use-rpc';
import { DATA_BYTES_MAX } from './add-job';
import { dropJob } from './job-pages';
import { JsonField } from './json-field';
import { layOut, parseJson } from './json-text';
import { useReadQueuesAgain } from './use-queues';
import { QUEUE_PREFIX, stateLabel } from './wording';

/** Copies the id of a job. */
export function CopyId({ id }: { id: string }) {
  return (
    <CopyButton value={id}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : 'Copy the id'}>
          <ActionIcon size="sm" aria-label="Copy the id" onClick={copy}>
            <Icon name="copy" size={13} />
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

type OneJob = 'queues.retry_job' | 'queues.promote_job' | 'queues.remove_job';

/** Changes one job; its row leaves the list at once, since it is in another state now. */
function useJobChange(operation: OneJob, done: string, failedTitle: string) {
  const client = useQueryClient();
  const readAgain = useReadQueuesAgain();
  const change = useRpcMutation(operation, failedTitle);
  const start = (job: JobRef, onDone?: () => void) =>
    change.mutate(job, {
      onSuccess: () => {
        dropJob(client, job.queue, job.jobId);
        toast(done, job.jobId);
        onDone?.();
        void readAgain();
      },
    });
  return { start, isPending: change.isPending };
}

/** What can be done to a job in its state; what cannot says why. */
export function JobActions(props: { job: JobRef; detail: JobDetail; own: boolean }) {
  const { job, detail, own } = props;
  const { state } = detail;
  const bar = useOperateBar();
  const retry = useJobChange('queues.retry_job', 'Job runs anew', 'The job was not retried');
  const promote = useJobChange('queues.promote_job', 'Job promoted', 'The job was not promoted');
  const only = (wanted: JobState) =>
    bar ??
    (state === wanted ? undefined : `Only jobs that are ${stateLabel(wanted).toLowerCase()}`);
  const atWorker = state === 'active' ? 'It is at a worker' : undefined;
  const large = detail.data.cut
    ? 'Its data are larger than 64 KiB: use “graphy queues”'
    : undefined;
  return (
    <div className="job-actions">
      <BarredButton bar={only('failed')} loading={retry.isPending} onClick={() => retry.start(job)}>
        Retry
      </BarredButton>
      <BarredButton bar={only('failed') ?? large} onClick={() => openEdit(job, detail, own)}>
        Edit and retry…
      </BarredButton>
      <BarredButton
        bar={only('delayed')}
        loading={promote.isPending}
        onClick={() => promote.start(job)}
      >
        Promote
      </BarredButton>
      <span className="push" />
      <BarredButton danger bar={bar ?? atWorker} onClick={() => openRemove(job, detail)}>
        Remove…
      </BarredButton>
    </div>
  );
}

const REMOVE = 'queue-remove-job';

function openRemove(job: JobRef, detail: JobDetail): void {
  modals.open({
    modalId: REMOVE,
    title: 'Remove this job?',
    children: <RemoveJob job={job} detail={detail} />,
  });
}

function RemoveJob({ job, detail }: { job: JobRef; detail: JobDetail }) {
  const remove = useJobChange('queues.remove_job', 'Job removed', 'The job was not removed');
  const { prefix = QUEUE_PREFIX, queue } = job.queue;
  const start = () =>
    remove.start(job, () => {
      modals.close(REMOVE);
      navigate('queues', prefix, queue);
    });
  const waits = detail.state !== 'completed' && detail.state !== 'failed';
  return (
    <>
      <p className="dialog-text">
        {detail.row.name} <span className="mono">{job.jobId}</span> and its data, logs and result
        are taken out of {queue}. {waits ? 'It has not run yet, and will not. ' : ''}This cannot be
        taken back; a bulk removal can.
      </p>
      <DialogFoot onCancel={() => modals.close(REMOVE)} grave>
        <Button color="red" loading={remove.isPending} onClick={start}>
          Remove the job
        </Button>
      </DialogFoot>
    </>
  );
}

const EDIT = 'queue-edit-job';

function openEdit(job: JobRef, detail: JobDetail, own: boolean): void {
  modals.open({
    modalId: EDIT,
    title: `Edit and retry ${detail.row.name}`,
    size: 'lg',
    children: <EditForm job={job} text={detail.data.text} own={own} />,
  });
}

/** New data for a failed job, which then runs anew. */
function EditForm({ job, text: before, own }: { job: JobRef; text: string; own: boolean }) {
  const [text, setText] = useState(() => layOut(before).text);
  const parsed = parseJson(text, DATA_BYTES_MAX);
  const { save, isPending } = useEdit(job);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if ('value' in parsed) save(parsed.value as EditJob['data']);
  };
  return (
    <form className="dialog-form" aria-label="Edit and retry" onSubmit={submit}>
      <p className="dialog-text">
        {own
          ? 'Its commands run with these data under new operation ids, and say what they replay.'
          : 'It runs anew with these data; what it held before is replaced.'}
      </p>
      <JsonField label="Data (JSON)" text={text} onText={setText} parsed={parsed} />
      <DialogFoot onCancel={() => modals.close(EDIT)}>
        <Button type="submit" disabled={'fault' in parsed} loading={isPending}>
          Save and retry
        </Button>
      </DialogFoot>
    </form>
  );
}

function useEdit(job: JobRef) {
  const client = useQueryClient();
  const readAgain = useReadQueuesAgain();
  const edit = useRpcMutation('queues.edit_job', 'The job was not changed');
  const { prefix = QUEUE_PREFIX, queue } = job.queue;
  const save = (data: EditJob['data']) =>
    edit.mutate(
      { ...job, data },
      {
        onSuccess: ({ jobId, operationId }) => {
          modals.close(EDIT);
          dropJob(client, job.queue, job.jobId);
          if (operationId) toast('Its commands run anew', `first operation ${operationId}`);
          else toast('Job runs anew with the new data', jobId);
          navigate('queues', prefix, queue, jobId);
          void readAgain();
        },
      },
    );
  return { save, isPending: edit.isPending };
}
