import { Button } from '@mantine/core';
import { useState } from 'react';
import type { RedisReport } from '../../generated/RedisReport';
import { formatDateTime, plural } from '../../shared/format';
import { PagePart } from '../../shared/page-part';
import { formatMicros } from './wording';

const SHOWN_FIRST = 12;

/** Commands that took long. Values are left out of them by the server. */
export function SlowLog({ report }: { report: RedisReport }) {
  const { slowLog, slowLogThresholdUs } = report;
  const [all, setAll] = useState(false);
  const shown = all ? slowLog : slowLog.slice(0, SHOWN_FIRST);
  const threshold =
    slowLogThresholdUs === null ? undefined : `from ${formatMicros(slowLogThresholdUs)} on`;
  return (
    <PagePart
      title="Slow commands"
      about={
        slowLog.length > 0 && threshold
          ? `${plural(slowLog.length, 'command')}, ${threshold}`
          : threshold
      }
      testId="slow-log"
    >
      {slowLogThresholdUs === null ? (
        <p className="dim">Redis’ slow log is switched off.</p>
      ) : slowLog.length === 0 ? (
        <p className="dim">No command has taken that long.</p>
      ) : (
        <div className="scroll-x">
          <table className="plain-table slow-table">
            <thead>
              <tr>
                <th>When</th>
                <th className="number">Took</th>
                <th>Command</th>
                <th>Client</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ id, at, durationUs, command, client }) => (
                <tr key={id}>
                  <td className="dim number-left">{formatDateTime(at)}</td>
                  <td className="number">{formatMicros(durationUs)}</td>
                  <td className="mono">{command}</td>
                  <td className="dim">{client || '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown.length < slowLog.length ? (
        <Button mt="sm" size="compact-xs" variant="default" onClick={() => setAll(true)}>
          Show all {slowLog.length}
        </Button>
      ) : null}
    </PagePart>
  );
}
