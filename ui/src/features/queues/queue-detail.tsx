import './queue-detail.css';
import { Button, Tabs } from '@mantine/core';
import { useLayoutEffect } from 'react';
import type { QueueDetail as Detail } from '../../generated/QueueDetail';
import type { QueueRef } from '../../generated/QueueRef';
import { hrefOf } from '../../shared/route';
import { NotRead, StateBox } from '../../shared/state-box';
import { DeadLettersTab } from './dead-letters';
import { JobsTab } from './jobs-tab';
import { QueueCharts } from './queue-charts';
import { QueueHead } from './queue-head';
import { lookAtQueue, type QueueTab, setTab, useQueueView } from './queue-view';
import { SchedulersTab } from './schedulers-tab';
import { useCloseKey } from './use-queue-keys';
import { useQueue } from './use-queues';
import { figure, queueKey, refOf } from './wording';
import { WorkersTab } from './workers-tab';

/** One queue: how it does, and everything in it. */
export function QueueDetail(props: { prefix: string; queue: string; jobId: string | undefined }) {
  const { prefix, queue, jobId } = props;
  const ref: QueueRef = { prefix, queue };
  const query = useQueue(ref);
  const key = queueKey(ref);
  const looked = useQueueView((view) => view.queue === key);
  useLayoutEffect(() => lookAtQueue(key), [key]);
  useLayoutEffect(() => {
    if (jobId !== undefined) lookAtQueue(key, { tab: 'jobs', job: jobId });
  }, [key, jobId]);
  useCloseKey(props);
  const { data, error } = query;
  return (
    <>
      <nav className="queue-crumbs" aria-label="Where you are">
        <a href={hrefOf('queues')}>Queues</a>
        <span className="dim" aria-hidden="true">
          /
        </span>
        <span>{queue}</span>
      </nav>
      {data !== undefined && looked ? (
        <>
          <QueueHead detail={data} reading={query} />
          <QueueCharts summary={data.summary} />
          <QueueTabs detail={data} jobId={jobId} />
        </>
      ) : error?.code === 'not_found' ? (
        <NoQueue name={key} />
      ) : (
        <NotRead what={`the queue ${queue}`} reading={query} />
      )}
    </>
  );
}

/** It is read again by itself: a queue is there once somebody adds a job. */
function NoQueue({ name }: { name: string }) {
  return (
    <StateBox
      title={`There is no queue ${name}`}
      actions={
        <Button component="a" href={hrefOf('queues')} variant="default">
          All queues
        </Button>
      }
    >
      Nobody has added a job to it on this Redis, or all of its keys were removed.
    </StateBox>
  );
}

function QueueTabs({ detail, jobId }: { detail: Detail; jobId: string | undefined }) {
  const tab = useQueueView((view) => view.tab);
  const { summary, workers } = detail;
  const deaf = workers.some((worker) => worker.deaf);
  const broken = summary.troubles.includes('broken_scheduler');
  return (
    <Tabs
      value={tab}
      onChange={(value) => setTab(value as QueueTab)}
      keepMounted={false}
      className="queue-tabs"
    >
      <Tabs.List>
        <Tabs.Tab value="jobs">Jobs</Tabs.Tab>
        <Tabs.Tab value="dead-letters">
          Dead letters <TabCount value={summary.counts.failed} tone="bad" />
        </Tabs.Tab>
        <Tabs.Tab value="workers">
          Workers{' '}
          {summary.workers === null ? null : (
            <TabCount value={summary.workers} tone={deaf ? 'bad' : undefined} />
          )}
        </Tabs.Tab>
        <Tabs.Tab value="schedulers">
          Schedulers {broken ? <span className="bad">broken</span> : null}
        </Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="jobs">
        <JobsTab detail={detail} jobId={jobId} />
      </Tabs.Panel>
      <Tabs.Panel value="dead-letters">
        <DeadLettersTab queue={refOf(detail)} own={summary.own} />
      </Tabs.Panel>
      <Tabs.Panel value="workers">
        <WorkersTab detail={detail} />
      </Tabs.Panel>
      <Tabs.Panel value="schedulers">
        <SchedulersTab queue={refOf(detail)} />
      </Tabs.Panel>
    </Tabs>
  );
}

function TabCount({ value, tone }: { value: number; tone: 'bad' | undefined }) {
  return <span className={value > 0 && tone ? tone : 'dim'}>{figure(value)}</span>;
}
