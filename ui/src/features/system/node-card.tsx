import type { NodeReport } from '../../generated/NodeReport';
import type { ProcessReport } from '../../generated/ProcessReport';
import { formatBytes, formatDateTime, formatDuration, formatShare } from '../../shared/format';
import { ToneMark } from '../../shared/tone-mark';
import { Caches, Circuits, Probes } from './node-parts';
import { TaskTable } from './task-table';
import { WorkerTable } from './worker-table';

/** A node describes itself every few seconds; who has not for so long may be gone. */
const STALE_MS = 15_000;

interface Props {
  node: NodeReport;
  /** Whether it is the one that this console talks to. */
  isHere: boolean;
  /** When the list was read, by the clock of the servers. */
  readAt: number;
}

export function NodeCard({ node, isHere, readAt }: Props) {
  const { nodeId, role, host, pid, version, startedAt, reportedAt } = node;
  const age = reportedAt === null ? undefined : Math.max(0, readAt - reportedAt);
  const stale = age === undefined || age > STALE_MS;
  return (
    <section
      className="panel page-part node-card"
      aria-label={`Node ${nodeId}`}
      data-testid={`node-${nodeId}`}
      data-stale={stale}
    >
      <header>
        <h2 className="section-title mono">{nodeId}</h2>
        <ToneMark tone="quiet">{role}</ToneMark>
        {isHere ? <ToneMark tone="ok">answers here</ToneMark> : null}
        <span className="dim">
          {host}, process {pid}, version {version}, up for {formatDuration(readAt - startedAt)}
        </span>
        <span className="push" />
        <span className="live-state" data-stale={stale} role="status">
          <span className="chip-dot" data-state={stale ? 'stale' : 'saved'} />
          {ageWords(age, reportedAt, stale)}
        </span>
      </header>
      {node.process ? <ProcessFacts process={node.process} /> : null}
      <Probes probes={node.probes} />
      <TaskTable tasks={node.tasks} readAt={readAt} />
      <WorkerTable workers={node.workers} readAt={readAt} />
      <div className="node-columns">
        <Circuits circuits={node.circuits} />
        <Caches caches={node.caches} />
      </div>
    </section>
  );
}

function ageWords(age: number | undefined, reportedAt: number | null, stale: boolean): string {
  if (age === undefined || reportedAt === null) return 'Has not described itself yet';
  if (stale) return `Stale: what you see is of ${formatDateTime(reportedAt)}`;
  return `described itself ${formatDuration(age)} ago`;
}

function ProcessFacts({ process }: { process: ProcessReport }) {
  const { openFiles, openFilesMax } = process;
  const files = openFiles.toLocaleString('en-GB');
  const facts: [string, string][] = [
    ['CPU, of one core', `${process.cpuPercent.toFixed(1)} %`],
    ['Memory', formatBytes(process.residentBytes)],
    [
      'Open files',
      openFilesMax === null ? files : `${files} of ${openFilesMax.toLocaleString('en-GB')}`,
    ],
    ['Threads', process.threads.toLocaleString('en-GB')],
    ['Load of the computer', process.hostLoad.toFixed(2)],
    [
      'Memory of the computer',
      `${formatShare(Number(process.hostMemoryShare.toPrecision(2)))} in use`,
    ],
  ];
  return (
    <dl className="process-facts">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
