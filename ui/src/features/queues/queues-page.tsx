import './queues.css';
import { hrefOf, useRoute } from '../../shared/route';
import { BulkRuns } from './bulk-runs';
import { AllDeadLetters } from './dead-letters';
import { QueueDetail } from './queue-detail';
import { QueueListView } from './queue-list-view';

export const DEAD_LETTERS = 'dead-letters';

/** Every BullMQ queue of the deployment's Redis; or one of them, closely; or all dead letters. */
export default function QueuesPage() {
  const [prefix, queue, jobId] = useRoute().place ?? [];
  return (
    <div className="queues-page">
      {prefix !== undefined && queue !== undefined ? (
        <QueueDetail key={`${prefix}/${queue}`} prefix={prefix} queue={queue} jobId={jobId} />
      ) : (
        <>
          <Views deadLetters={prefix === DEAD_LETTERS} />
          {prefix === DEAD_LETTERS ? <AllDeadLetters /> : <QueueListView />}
        </>
      )}
      <BulkRuns />
    </div>
  );
}

function Views({ deadLetters }: { deadLetters: boolean }) {
  return (
    <div className="queues-title">
      <h1 className="page-title">Queues</h1>
      <nav className="queues-views" aria-label="Views of the queues">
        <a href={hrefOf('queues')} aria-current={deadLetters ? undefined : 'page'}>
          All queues
        </a>
        <a href={hrefOf('queues', DEAD_LETTERS)} aria-current={deadLetters ? 'page' : undefined}>
          Dead letters
        </a>
      </nav>
    </div>
  );
}
