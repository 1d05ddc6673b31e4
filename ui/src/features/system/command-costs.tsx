import type { CommandCost } from '../../generated/CommandCost';
import { BarList } from '../../shared/bar-list';
import { formatShare } from '../../shared/format';
import { PagePart } from '../../shared/page-part';
import { formatMicros } from './wording';

/** In which commands Redis has spent its time. */
export function CommandCosts({ commands }: { commands: readonly CommandCost[] }) {
  return (
    <PagePart title="Time by command" about="since Redis started: share, calls, mean">
      <BarList
        bars={commands.map(({ command, calls, meanUs, share }) => ({
          key: command,
          label: <span className="mono">{command}</span>,
          count: share,
          said: `${formatShare(Number(share.toPrecision(3)))} · ${calls.toLocaleString('en-GB')} · ${formatMicros(meanUs)}`,
        }))}
        empty="Redis has run no commands yet."
      />
    </PagePart>
  );
}
