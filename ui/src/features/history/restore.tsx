import { Button } from '@mantine/core';
import { modals } from '@mantine/modals';
import type { HistoryEntry } from '../../generated/HistoryEntry';
import type { HistoryPage } from '../../generated/HistoryPage';
import { formatDateTime, plural } from '../../shared/format';
import { useSendCommand } from '../../shared/send-command';
import { toast } from '../../shared/toasts';
import { useRpcQuery } from '../../shared/use-rpc';

const MODAL = 'restore-version';

export function openRestore(graphId: string, entry: HistoryEntry, head: HistoryPage): void {
  modals.open({
    modalId: MODAL,
    title: `Restore version ${entry.version}?`,
    children: <Restore graphId={graphId} entry={entry} opened={head.currentVersion} />,
  });
}

/** Says what will happen before it does. */
function Restore(props: { graphId: string; entry: HistoryEntry; opened: number }) {
  const { graphId, entry, opened } = props;
  const send = useSendCommand('The version was not restored');
  const settings = useRpcQuery('graph.settings', { graphId });
  const latest = useRpcQuery('history.list', { graphId, limit: 1 }, { refetchInterval: 2_000 });
  const access = settings.data?.access;
  const mayNot = access !== undefined && access !== 'edit' && access !== 'admin';
  const current = Math.max(opened, latest.data?.currentVersion ?? 0);
  const restore = () =>
    send.mutate(
      { graphId, type: 'RESTORE_VERSION', payload: { version: entry.version } },
      {
        onSuccess: ({ outcome }) => {
          modals.close(MODAL);
          const made = 'version' in outcome ? ` as version ${outcome.version}` : '';
          toast(`Version ${entry.version} is back${made}`);
        },
      },
    );
  return (
    <>
      <p style={{ marginTop: 0 }}>
        Nodes and edges become again what they were at version {entry.version} of{' '}
        {formatDateTime(entry.at)}. What {plural(current - entry.version, 'later change')} did is
        taken back, whoever made {current - entry.version === 1 ? 'it' : 'them'}.
      </p>
      <p>
        This makes a new version; nothing leaves the history, and you can undo it. Name, sharing and
        conflict policy stay as they are.
      </p>
      {mayNot ? (
        <p className="bad">Your role in this graph is {access}: you may not edit it.</p>
      ) : null}
      <div style={{ display: 'flex', justifyContent: 'flex-end', gap: 8, marginTop: 16 }}>
        <Button variant="default" data-autofocus onClick={() => modals.close(MODAL)}>
          Keep it as it is
        </Button>
        <Button loading={send.isPending} disabled={mayNot} onClick={restore}>
          Restore version {entry.version}
        </Button>
      </div>
    </>
  );
}
