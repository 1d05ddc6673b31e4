import { ActionIcon, Menu } from '@mantine/core';
import { plural } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { useOperateBar, WithReason } from '../../shared/operating';
import { toast } from '../../shared/toasts';
import type { Present } from '../../shared/use-people';
import { useRpcMutation } from '../../shared/use-rpc';

/** What an operator does for somebody whose windows do not show what the others see. */
export function ResyncMenu({ graphId, who }: { graphId: string; who: Present }) {
  const bar = useOperateBar();
  const { mutateAsync } = useRpcMutation('graphs.resync', 'The windows were not resynced');
  const resync = async () => {
    const asked = who.clientIds.map((clientId) => mutateAsync({ graphId, clientId }));
    const settled = await Promise.allSettled(asked);
    const jobs = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value.jobId] : []));
    // What failed has its own toast.
    if (jobs.length > 0) {
      toast(
        `${plural(jobs.length, 'window')} of ${who.name} will be resynced`,
        `Job ${jobs.join(', ')} of sync-operations`,
      );
    }
  };
  const button = (
    <ActionIcon size="sm" disabled={bar !== undefined} aria-label={`Help ${who.name}`}>
      <Icon name="chevron" size={11} />
    </ActionIcon>
  );
  if (bar !== undefined) return <WithReason reason={bar}>{button}</WithReason>;
  const whose = who.windows > 1 ? `${who.windows} windows` : 'window';
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Icon name="refresh" />} onClick={() => void resync()}>
          Resync
          <div className="dim resync-note">
            The node sends the {whose} of {who.name} what is missing there and the checksum. A copy
            that differs mends itself; edits under way are kept.
          </div>
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
