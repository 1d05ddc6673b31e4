import { Button, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { BulkPreview } from '../../generated/BulkPreview';
import type { BulkRequest } from '../../generated/BulkRequest';
import type { JobRow } from '../../generated/JobRow';
import type { ApiFailure } from '../../platform';
import { DialogFoot } from '../../shared/dialog-foot';
import { formatDateTime, plural } from '../../shared/format';
import { usePlatform } from '../../shared/platform-context';
import { FailureBox, LoadingBox } from '../../shared/state-box';
import { useRpcMutation } from '../../shared/use-rpc';
import { followRun } from './bulk-runs';
import { announceBulk, BULK, figure, stateLabel, undoWords } from './wording';

const MODAL = 'queue-bulk';

export interface Bulk {
  request: BulkRequest;
  /** Whether the queue is one of ours. */
  own: boolean;
  /** Which of the jobs, in words, as “of this group”; absent for all. */
  which?: string;
}

/** Asks the server what it would do, shows that, and does it only when a person says so. */
export function openBulk(bulk: Bulk): void {
  const { verb } = BULK[bulk.request.action];
  const state = stateLabel(bulk.request.state).toLowerCase();
  modals.open({
    modalId: MODAL,
    title: `${verb} ${state} jobs of ${bulk.request.queue.queue}`,
    size: 'xl',
    children: <BulkDialog {...bulk} />,
  });
}

function BulkDialog({ request, own, which }: Bulk) {
  const platform = usePlatform();
  const [asked] = useState(() => crypto.randomUUID());
  // Each look is a question of its own: a confirmation is good once.
  const preview = useQuery<BulkPreview, ApiFailure>({
    queryKey: ['queues.preview', asked],
    queryFn: () => platform.rpc('queues.preview', request),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const again = () => void preview.refetch();
  if (preview.isFetching) return <LoadingBox what="what this would do" />;
  if (preview.data === undefined || preview.isError) {
    return <FailureBox title="It cannot be counted" cause={preview.error} onRetry={again} />;
  }
  const words = { request, own, which: which ?? describeFilter(request) };
  const { data } = preview;
  return <Previewed key={data.confirmation} {...words} preview={data} onAgain={again} />;
}

function describeFilter({ filter }: BulkRequest): string | undefined {
  const parts = [
    filter?.name === undefined ? undefined : `with the name ${filter.name}`,
    filter?.text === undefined ? undefined : `that contain “${filter.text}”`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(' and ');
}

interface PreviewedProps {
  request: BulkRequest;
  own: boolean;
  which: string | undefined;
  preview: BulkPreview;
  onAgain: () => void;
}

function Previewed({ request, own, which, preview, onAgain }: PreviewedProps) {
  const { action, state, queue } = request;
  const { jobs, lookedAt, cut, sample } = preview;
  return (
    <div className="bulk-dialog" data-testid="bulk-preview">
      <p>
        <strong>
          {BULK[action].verb} {plural(jobs, 'job')}
        </strong>{' '}
        <span className="dim">
          {which ?? 'in this state'} · {figure(lookedAt)} looked at
        </span>
      </p>
      {jobs === 0 ? (
        <p>No job matches any more. Nothing would be changed.</p>
      ) : (
        <>
          <p>
            {announceBulk(action, state, queue.queue, own)} {undoWords(preview)}
          </p>
          {cut ? (
            <p className="dialog-warning" role="note">
              More jobs match than one run changes. Run it again for the rest.
            </p>
          ) : null}
          <Sample rows={sample} jobs={jobs} />
        </>
      )}
      <Confirm request={request} preview={preview} onAgain={onAgain} />
    </div>
  );
}

function Sample({ rows, jobs }: { rows: readonly JobRow[]; jobs: number }) {
  if (rows.length === 0) return null;
  return (
    <div className="bulk-sample">
      <table className="plain-table">
        <caption className="dim">
          {rows.length < jobs ? `${rows.length} of them, as a sample` : 'These are the jobs'}
        </caption>
        <thead>
          <tr>
            <th>Job</th>
            <th>Name</th>
            <th>Added</th>
            <th>Error</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.jobId}>
              <td className="mono">{row.jobId}</td>
              <td>{row.name}</td>
              <td>{formatDateTime(row.addedAt)}</td>
              <td>{row.failedReason ?? <span className="dim">none</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Up the danger ladder: what can be taken back takes a press, what cannot takes the typed name. */
function Confirm(props: { request: BulkRequest; preview: BulkPreview; onAgain: () => void }) {
  const { request, preview, onAgain } = props;
  const [typed, setTyped] = useState('');
  const run = useRpcMutation('queues.run', 'Nothing was changed');
  const { verb, danger } = BULK[request.action];
  const name = request.queue.queue;
  const final = danger && preview.undoMs === null;
  const start = () =>
    run.mutate(
      { confirmation: preview.confirmation },
      {
        onSuccess: (answer) => {
          followRun(answer);
          modals.close(MODAL);
        },
      },
    );
  // Whether a count still holds is for the server to say: its clock is another one.
  const refused = run.isError;
  return (
    <>
      {final && preview.jobs > 0 && !refused ? (
        <TextInput
          label={`Type “${name}” to confirm`}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      ) : null}
      <DialogFoot
        onCancel={() => modals.close(MODAL)}
        cancel={preview.jobs === 0 ? 'Close' : 'Cancel'}
        grave={danger}
        said={
          refused ? (
            <span className="dialog-warning" role="status">
              The count does not hold any more.
            </span>
          ) : null
        }
      >
        {refused ? (
          <Button onClick={onAgain}>Count again</Button>
        ) : preview.jobs === 0 ? null : (
          <Button
            {...(danger ? { color: 'red' } : {})}
            loading={run.isPending}
            disabled={final && typed !== name}
            onClick={start}
          >
            {verb} {plural(preview.jobs, 'job')}
          </Button>
        )}
      </DialogFoot>
    </>
  );
}
