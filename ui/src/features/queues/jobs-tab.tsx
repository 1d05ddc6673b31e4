import './jobs.css';
import { Button, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import type { JobCounts } from '../../generated/JobCounts';
import type { JobState } from '../../generated/JobState';
import type { QueueDetail } from '../../generated/QueueDetail';
import { formatClock, plural } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { BarredButton, useOperateBar } from '../../shared/operating';
import { LoadingBox, NotRead, StateBox } from '../../shared/state-box';
import { useRpcQuery } from '../../shared/use-rpc';
import { openBulk } from './bulk-dialog';
import { JobDetail } from './job-detail';
import { JobList } from './job-list';
import type { JobsReading } from './job-pages';
import {
  clearFilters,
  isNarrowed,
  setFilters,
  setFirstState,
  setJobState,
  showLinked,
  useQueueView,
} from './queue-view';
import { useJobs } from './use-jobs';
import { SEARCH_FIELD, useJobKeys } from './use-queue-keys';
import { actionsFor, BULK, figure, refOf, STATES } from './wording';

const TYPING_MS = 250;
const TEXT_MAX = 200;
/** Where to look first: what waits, then what went wrong. */
const FIRST_LOOK: JobState[] = ['waiting', 'failed', 'active', 'prioritized', 'delayed'];

/** The jobs of the queue by state, and one of them closely. */
export function JobsTab({ detail, jobId }: { detail: QueueDetail; jobId: string | undefined }) {
  const { counts } = detail.summary;
  const state = useJobState(detail, jobId);
  if (state === undefined) return <LoadingBox what="the jobs" />;
  return (
    <div className="jobs-tab">
      <div className="jobs-bar">
        <StateTabs counts={counts} state={state} />
        <Filters names={detail.jobNames} />
      </div>
      <ListAndJob detail={detail} state={state} jobId={jobId} />
    </div>
  );
}

/** The chosen state; the one of the job that a link led to; or the first with jobs. */
function useJobState(detail: QueueDetail, jobId: string | undefined): JobState | undefined {
  const chosen = useQueueView((view) => view.state);
  const linked = useQueueView((view) => jobId !== undefined && view.listed !== jobId);
  const job = useRpcQuery(
    'queues.job',
    { queue: refOf(detail), jobId: jobId ?? '' },
    { enabled: linked, staleTime: 0 },
  );
  const { isFetchedAfterMount: known, data } = job;
  const { counts } = detail.summary;
  useEffect(() => {
    if (linked && known && jobId !== undefined) showLinked(jobId, data?.state ?? undefined);
  }, [linked, known, jobId, data]);
  const first = linked ? undefined : firstLook(counts);
  useEffect(() => {
    if (chosen === undefined && first !== undefined) setFirstState(first);
  }, [chosen, first]);
  return chosen ?? first;
}

function firstLook(counts: JobCounts): JobState {
  const has = (state: JobState) =>
    STATES.some((words) => words.state === state && counts[words.count] > 0);
  return [...FIRST_LOOK, ...STATES.map(({ state }) => state)].find(has) ?? 'waiting';
}

function StateTabs({ counts, state: chosen }: { counts: JobCounts; state: JobState }) {
  return (
    <div className="job-states" role="radiogroup" aria-label="State">
      {STATES.map(({ state, label, about, count, color }) => (
        // biome-ignore lint/a11y/useSemanticElements: a press is a choice here, as in the segmented controls
        <button
          key={state}
          type="button"
          role="radio"
          aria-checked={state === chosen}
          title={about}
          data-testid={`jobs-${state}`}
          onClick={() => setJobState(state)}
        >
          <span className="queue-dot" style={{ background: `var(${color})` }} />
          {label}
          <span className="job-state-count">{figure(counts[count])}</span>
        </button>
      ))}
    </div>
  );
}

function Filters({ names }: { names: readonly string[] }) {
  const filters = useQueueView((view) => view.filters);
  const [text, setText] = useState(filters.text ?? '');
  const tell = useDebouncedCallback(
    (typed: string) => setFilters({ text: typed === '' ? undefined : typed }),
    TYPING_MS,
  );
  useEffect(() => setText(filters.text ?? ''), [filters.text]);
  return (
    <search className="job-filters" aria-label="Filter jobs">
      <TextInput
        id={SEARCH_FIELD}
        aria-label="Search id, name and data"
        placeholder="Search jobs ( / )"
        title="Looks into the id, the name and the data of the jobs"
        value={text}
        maxLength={TEXT_MAX}
        leftSection={<Icon name="search" size={13} />}
        onChange={(event) => {
          setText(event.currentTarget.value);
          tell(event.currentTarget.value.trim());
        }}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
      <Select
        aria-label="Name of the job"
        placeholder="Any name"
        data={[...new Set([...names, ...(filters.name ? [filters.name] : [])])]}
        value={filters.name ?? null}
        clearable
        searchable
        onChange={(name) => setFilters({ name: name ?? undefined })}
      />
      <Button variant="subtle" color="gray" disabled={!isNarrowed(filters)} onClick={clearFilters}>
        Clear
      </Button>
    </search>
  );
}

interface ListProps {
  detail: QueueDetail;
  state: JobState;
  jobId: string | undefined;
}

function ListAndJob({ detail, state, jobId }: ListProps) {
  const queue = refOf(detail);
  const filters = useQueueView((view) => view.filters);
  const [held, setHeld] = useState(false);
  const [stopped, setStopped] = useState(false);
  const jobs = useJobs(queue, state, filters, held);
  const { rows, search } = jobs;
  useJobKeys({ prefix: detail.summary.prefix, queue: queue.queue, jobId }, rows);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another question starts a search of its own
  useEffect(() => setStopped(false), [state, filters]);
  const searching = search?.hasMore === true && !stopped;
  const goOn = () => {
    if (searching && !search.going && !search.failed) search.goOn();
  };
  return (
    <div className="jobs-split" data-open={jobId !== undefined}>
      <div className="panel jobs-left">
        <ListHead
          {...{ detail, state, jobs, searching }}
          onStop={() => setStopped(true)}
          onGoOn={() => setStopped(false)}
        />
        {!jobs.loaded ? (
          <NotRead what="the jobs" reading={jobs} />
        ) : rows.length === 0 && search?.hasMore !== true ? (
          <Nothing state={state} />
        ) : (
          <JobList
            key={state}
            place={{ prefix: detail.summary.prefix, queue: queue.queue }}
            rows={rows}
            state={state}
            want={jobs.want}
            onEnd={goOn}
            onHeld={setHeld}
          />
        )}
      </div>
      <div className="panel jobs-right">
        {jobId === undefined ? (
          <StateBox title="Choose a job">
            <kbd>J</kbd> and <kbd>K</kbd> go through the list, <kbd>Enter</kbd> opens a job.
          </StateBox>
        ) : (
          <JobDetail key={jobId} job={{ queue, jobId }} own={detail.summary.own} />
        )}
      </div>
    </div>
  );
}

function Nothing({ state }: { state: JobState }) {
  const filters = useQueueView((view) => view.filters);
  if (isNarrowed(filters)) {
    return (
      <StateBox
        title="No job matches"
        actions={<Button onClick={clearFilters}>Clear filters</Button>}
      >
        All jobs of this state were looked at.
      </StateBox>
    );
  }
  return <StateBox title={noJobs(state)}>When there are some, they appear here.</StateBox>;
}

function noJobs(state: JobState): string {
  return state === 'waiting-children' ? 'No jobs wait for children' : `No ${state} jobs`;
}

function ListHead(props: {
  detail: QueueDetail;
  state: JobState;
  jobs: JobsReading;
  searching: boolean;
  onStop: () => void;
  onGoOn: () => void;
}) {
  const { detail, state, jobs, searching, onStop, onGoOn } = props;
  const { rows, progress, search, loaded, error, still, updatedAt, readAgain } = jobs;
  return (
    <div className="jobs-list-head">
      <span className="dim" role="status" data-testid="jobs-progress">
        {search
          ? `${figure(rows.length)} found, looked at ${figure(progress.lookedAt)} of ${figure(progress.total)}`
          : plural(progress.total, 'job')}
      </span>
      {searching && search?.going ? (
        <Button size="compact-xs" variant="default" onClick={onStop}>
          Stop the search
        </Button>
      ) : null}
      {search?.hasMore && !searching ? (
        <Button size="compact-xs" variant="default" onClick={onGoOn}>
          Go on
        </Button>
      ) : null}
      {search?.failed ? (
        <Button size="compact-xs" variant="default" onClick={search.goOn}>
          More cannot be read: try again
        </Button>
      ) : null}
      {loaded && (error || still) ? (
        <button
          type="button"
          className="link-button"
          title="The list holds still while you read it"
          onClick={() => void readAgain()}
        >
          of {formatClock(updatedAt)} · read again
        </button>
      ) : null}
      <span className="push" />
      <BulkButtons
        detail={detail}
        state={state}
        empty={loaded && rows.length === 0 && search?.hasMore !== true}
      />
    </div>
  );
}

/** What can be done to all jobs that are listed, loaded or not. */
function BulkButtons(props: { detail: QueueDetail; state: JobState; empty: boolean }) {
  const { detail, state, empty } = props;
  const bar = useOperateBar();
  const filters = useQueueView((view) => view.filters);
  const narrowed = isNarrowed(filters);
  const nothing = empty ? (narrowed ? 'No job matches' : noJobs(state)) : undefined;
  const which = narrowed ? 'all that match' : 'all';
  const { own } = detail.summary;
  return actionsFor(state).map((action) => (
    <BarredButton
      key={action}
      bar={bar ?? nothing}
      danger={BULK[action].danger}
      size="compact-xs"
      onClick={() =>
        openBulk({ own, request: { queue: refOf(detail), action, state, filter: filters } })
      }
    >
      {BULK[action].verb} {which}…
    </BarredButton>
  ));
}
