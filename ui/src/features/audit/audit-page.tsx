import './audit.css';
import '../../shared/page-parts.css';
import { Button } from '@mantine/core';
import { useState } from 'react';
import { formatDateTime } from '../../shared/format';
import { Freshness } from '../../shared/freshness';
import { NotRead, StateBox } from '../../shared/state-box';
import { AuditFilterBar } from './audit-filters';
import { AuditTable } from './audit-table';
import { AUDIT_AGAIN_MS, type AuditFilter, useAudit } from './use-audit';

const NO_FILTER: AuditFilter = { userId: '', operation: '' };

/** Who operated what, and how it ended. Entries are only ever added. */
export default function AuditPage() {
  const [filter, setFilter] = useState(NO_FILTER);
  const { query, entries } = useAudit(filter);
  const { data } = query;
  const filtered = filter.userId !== '' || filter.operation !== '';
  return (
    <div className="page">
      <div className="page-head">
        <h1 className="page-title">Audit</h1>
        <span className="dim">Who operated what, newest first. Entries are only ever added.</span>
        <span className="push" />
        {data ? <Freshness reading={query} everyMs={AUDIT_AGAIN_MS} /> : null}
      </div>
      <AuditFilterBar filter={filter} onFilter={setFilter} />
      {data === undefined ? (
        <NotRead what="the audit log" reading={query} />
      ) : entries.length > 0 ? (
        <>
          <AuditTable entries={entries} onUser={(userId) => setFilter({ ...filter, userId })} />
          <More query={query} oldest={entries.at(-1)?.at} />
        </>
      ) : filtered ? (
        <StateBox
          title="No entry matches"
          actions={<Button onClick={() => setFilter(NO_FILTER)}>Clear filters</Button>}
        >
          The filters let none through.
        </StateBox>
      ) : (
        <StateBox title="Nothing has been operated yet">
          Whoever pauses a queue, changes a rule or saves an archive appears here.
        </StateBox>
      )}
    </div>
  );
}

function More(props: { query: ReturnType<typeof useAudit>['query']; oldest: number | undefined }) {
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = props.query;
  return (
    <div className="audit-more dim">
      {hasNextPage ? (
        <Button
          variant="default"
          // Not disabled meanwhile: it would lose the focus.
          onClick={() => isFetchingNextPage || void fetchNextPage()}
        >
          {isFetchingNextPage ? 'Loading…' : 'Show older entries'}
        </Button>
      ) : (
        <span>
          {props.oldest === undefined
            ? ''
            : `That is all: the oldest entry is of ${formatDateTime(props.oldest)}.`}
        </span>
      )}
    </div>
  );
}
