import './reports.css';
import '../../shared/page-parts.css';
import { Button, Menu } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { PerformanceReport } from '../../generated/PerformanceReport';
import type { ReportFormat } from '../../generated/ReportFormat';
import type { ApiFailure } from '../../platform';
import { formatShare } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { usePlatform } from '../../shared/platform-context';
import { useSaveExport } from '../../shared/save-export';
import { NotRead } from '../../shared/state-box';
import { describeSpan, type PastRange, spanOf, TimeRangePicker } from '../../shared/time-range';
import { TargetTables } from './target-tables';

const FORMATS: { format: ReportFormat; label: string }[] = [
  { format: 'html', label: 'Page with charts (HTML)' },
  { format: 'png', label: 'Charts as a picture (PNG)' },
  { format: 'svg', label: 'Charts as a drawing (SVG)' },
  { format: 'json', label: 'Figures (JSON)' },
];
const FIRST_RANGE: PastRange = { kind: 'last', minutes: 1_440 };

/** How the deployment did over a time, against the targets of the plans. */
export default function ReportsPage() {
  const [range, setRange] = useState(FIRST_RANGE);
  const query = useTargets(range);
  const { data, error } = query;
  return (
    <div className="page reports-page">
      <div className="page-head">
        <h1 className="page-title">Reports</h1>
        {data ? <Covered report={data} /> : null}
        <span className="push" />
        <TimeRangePicker
          live={false}
          value={range}
          onChange={(chosen) => chosen.kind !== 'live' && setRange(chosen)}
        />
        <SaveReport range={range} />
      </div>
      {data === undefined ? (
        <NotRead what="the targets" reading={query} />
      ) : (
        <>
          {error ? (
            <p className="panel notice" role="alert">
              What you see is old: the targets cannot be read: {error.message}
            </p>
          ) : null}
          <div aria-busy={query.isPlaceholderData}>
            <TargetTables targets={data.targets} />
          </div>
        </>
      )}
    </div>
  );
}

function useTargets(range: PastRange) {
  const platform = usePlatform();
  return useQuery<PerformanceReport, ApiFailure>({
    queryKey: ['reports.targets', range],
    queryFn: () => platform.rpc('reports.targets', spanOf(range, Date.now())),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
}

/** A report on a time of which little is known says so. */
function Covered({ report }: { report: PerformanceReport }) {
  const { from, to, coverage } = report;
  const little = coverage < 0.9;
  return (
    <span className={little ? 'covered-little' : 'dim'}>
      {describeSpan(from, to)}
      {little
        ? `; measured for only ${formatShare(Number(coverage.toPrecision(2)))} of that time`
        : ''}
    </span>
  );
}

function SaveReport({ range }: { range: PastRange }) {
  const { save, isPending } = useSaveExport('reports.performance', 'The report was not saved');
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button
          loading={isPending}
          leftSection={<Icon name="download" size={13} />}
          rightSection={<Icon name="chevron" size={11} />}
        >
          Save the report
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.map(({ format, label }) => (
          <Menu.Item key={format} onClick={() => save({ ...spanOf(range, Date.now()), format })}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
