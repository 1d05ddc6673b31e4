import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { SnapshotRow } from '../../generated/SnapshotRow';
import { formatBytes, formatDateTime, plural } from '../../shared/format';
import { BarredButton, useBar } from '../../shared/operating';
import { Person } from '../../shared/person';
import { useSaveExport } from '../../shared/save-export';
import { useRpcMutation, useRpcQuery } from '../../shared/use-rpc';

const AGAIN_MS = 10_000;
const SOON_MS = 1_000;
/** A snapshot that takes longer appears when it is there. */
const PATIENCE_MS = 20_000;

/** What the graph was at some versions, kept apart from it. */
export function Snapshots({ graphId }: { graphId: string }) {
  const [awaited, setAwaited] = useState<number>();
  const { data, error } = useRpcQuery(
    'snapshots.list',
    { graphId },
    { refetchInterval: awaited === undefined ? AGAIN_MS : SOON_MS, staleTime: 0 },
  );
  const make = useRpcMutation('snapshots.make', 'No snapshot was asked for');
  const bar = useBar('editor');
  const newest = data?.snapshots[0]?.at ?? 0;
  useEffect(() => {
    if (awaited === undefined) return;
    if (newest > awaited) setAwaited(undefined);
    const timer = setTimeout(() => setAwaited(undefined), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [awaited, newest]);
  const begin = () => make.mutate({ graphId }, { onSuccess: () => setAwaited(newest) });
  const waits = make.isPending || awaited !== undefined;
  if (data === undefined) {
    return (
      <p className={error ? 'bad' : 'dim'} role={error ? 'alert' : 'status'}>
        {error ? `The snapshots cannot be read: ${error.message}` : 'Loading the snapshots…'}
      </p>
    );
  }
  return (
    <>
      {data.snapshots.length === 0 ? (
        <p className="dim">None yet.</p>
      ) : (
        <SnapshotTable graphId={graphId} snapshots={data.snapshots} />
      )}
      <div className="settings-line">
        <BarredButton bar={bar} onClick={() => waits || begin()}>
          {waits ? 'Being made…' : 'Make one now'}
        </BarredButton>
      </div>
    </>
  );
}

function SnapshotTable(props: { graphId: string; snapshots: readonly SnapshotRow[] }) {
  const { save, isPending } = useSaveExport('snapshots.export', 'The snapshot was not saved');
  return (
    <div className="snapshot-list">
      <table className="plain-table">
        <thead>
          <tr>
            <th>Version</th>
            <th>Made</th>
            <th>Holds</th>
            <th>By</th>
            <th aria-label="Actions" />
          </tr>
        </thead>
        <tbody>
          {props.snapshots.map(
            ({ snapshotId, version, at, nodes, edges, bytes, userId, checksum }) => (
              <tr key={snapshotId} data-testid={`snapshot-${snapshotId}`}>
                <td title={`checksum ${checksum}`}>{version.toLocaleString('en-GB')}</td>
                <td>{formatDateTime(at)}</td>
                <td>
                  {plural(nodes, 'node')}, {plural(edges, 'edge')}{' '}
                  <span className="dim">in {formatBytes(bytes)}</span>
                </td>
                <td>
                  {userId ? <Person userId={userId} /> : <span className="dim">the scheduler</span>}
                </td>
                <td>
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`Save the snapshot of version ${version}`}
                    onClick={() => isPending || save({ graphId: props.graphId, snapshotId })}
                  >
                    Save
                  </Button>
                </td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}
