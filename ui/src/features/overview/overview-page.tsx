import './overview.css';
import { useEffect } from 'react';
import { formatClock, formatDateTime, formatDuration } from '../../shared/format';
import { useLive, useLiveStore } from '../../shared/live-context';
import { FailureBox, LoadingBox } from '../../shared/state-box';
import { useNow } from '../../shared/use-now';
import { useRpcQuery } from '../../shared/use-rpc';
import { EventList } from './event-list';
import { PeopleSection } from './people-section';
import { SeriesCard } from './series-card';

const STALE_MS = 5_000;

export default function OverviewPage() {
  const live = useLiveStore();
  const { data, error, refetch, isPending } = useRpcQuery('overview.get', {}, { staleTime: 0 });
  useEffect(() => {
    if (data) live.load(data);
  }, [data, live]);
  useRefillOnReturn(refetch);

  if (isPending) return <LoadingBox what="the overview" />;
  if (error && data === undefined) {
    return (
      <FailureBox
        title="The overview cannot be read"
        cause={error}
        onRetry={() => void refetch()}
      />
    );
  }
  return (
    <div className="page">
      <Head since={data.since} />
      <div className="series-grid">
        {data.series.map(({ name, unit, help, metric }) => (
          <SeriesCard key={name} info={{ name, unit, help, metric }} since={data.since} />
        ))}
      </div>
      <PeopleSection />
      <EventList />
    </div>
  );
}

function Head({ since }: { since: number }) {
  const heardAt = useLive((state) => state.heardAt);
  const now = useNow(1_000);
  const age = heardAt === undefined ? undefined : now - heardAt;
  const stale = age !== undefined && age > STALE_MS;
  return (
    <div className="overview-head">
      <h1 className="page-title">Overview</h1>
      <span className="dim">
        measured since {formatDateTime(since)} ({formatDuration(now - since)})
      </span>
      <span style={{ flex: 1 }} />
      <span className="live-state" data-stale={stale} role="status">
        <span className="chip-dot" data-state={stale ? 'stale' : 'saved'} />
        {stale && heardAt !== undefined
          ? `Stale: the last figures are of ${formatClock(heardAt)}`
          : age === undefined
            ? 'Waiting for live figures'
            : 'Live'}
      </span>
    </div>
  );
}

/** Hidden pages drop frames; the server remembers what was missed. */
function useRefillOnReturn(refetch: () => unknown): void {
  useEffect(() => {
    const onVisible = () => {
      if (!document.hidden) void refetch();
    };
    document.addEventListener('visibilitychange', onVisible);
    return () => document.removeEventListener('visibilitychange', onVisible);
  }, [refetch]);
}
