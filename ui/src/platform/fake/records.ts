import type { AuditEntry } from '../../generated/AuditEntry';
import type { AuditRequest } from '../../generated/AuditRequest';
import type { EnterFigure } from '../../generated/EnterFigure';
import type { ReportRequest } from '../../generated/ReportRequest';
import type { SnapshotRow } from '../../generated/SnapshotRow';
import type { TargetRow } from '../../generated/TargetRow';
import type { ResponseOf } from '../../protocol';
import type { FakePlatform } from '.';

const START_MS = Date.UTC(2026, 0, 5, 10, 0);
const ENTRIES_DEFAULT = 50;

/** What the fake server keeps: the audit log, targets, snapshots; for Vitest. */
export class FakeRecords {
  /** Oldest first, as they were added. */
  audit: AuditEntry[] = [];
  coverage = 1;
  targets: TargetRow[] = [
    {
      key: 'command_p95',
      title: 'Command latency, p95',
      area: 'technical',
      target: '< 100 ms',
      actual: '12.4 ms',
      formula: 'histogram_quantile(0.95, optimistic_command_duration_seconds)',
      verdict: 'met',
      byHand: false,
      note: null,
    },
    {
      key: 'adoption',
      title: 'Adoption',
      area: 'business',
      target: '> 80 %',
      actual: null,
      formula: 'Entered by a person.',
      verdict: 'unknown',
      byHand: true,
      note: null,
    },
  ];
  snapshots: SnapshotRow[] = [];
  readonly entered: EnterFigure[] = [];
  readonly reports: ReportRequest[] = [];

  constructor(platform: FakePlatform) {
    const { answers } = platform;
    answers['audit.list'] = (request) => this.listAudit(request);
    answers['reports.targets'] = ({ from, to = Date.now() }) => ({
      from,
      to,
      coverage: this.coverage,
      targets: this.targets,
    });
    answers['reports.enter'] = (figure) => this.enter(figure);
    answers['reports.performance'] = (request) => {
      this.reports.push(request);
      return { fileName: `report.${request.format}`, mime: 'text/plain', text: 'the report' };
    };
    answers['snapshots.list'] = () => ({ snapshots: this.snapshots });
    answers['snapshots.make'] = ({ graphId }) => {
      this.addSnapshot(graphId);
      return { jobId: `snapshot-${this.snapshots.length}` };
    };
    answers['snapshots.export'] = ({ snapshotId }) => ({
      fileName: `${snapshotId}.json`,
      mime: 'application/json',
      text: '{}',
    });
  }

  addEntry(part: Partial<AuditEntry> = {}): AuditEntry {
    const number = this.audit.length + 1;
    const entry: AuditEntry = {
      entryId: String(number),
      at: START_MS + number * 1_000,
      userId: 'ada',
      operation: 'queues.pause',
      target: 'queue graph-commands',
      detail: { queue: 'graph-commands' },
      outcome: 'done',
      result: null,
      traceId: `trace-${number}`,
      ...part,
    };
    this.audit.push(entry);
    return entry;
  }

  addSnapshot(graphId: string): void {
    const version = this.snapshots.length + 1;
    const row: SnapshotRow = {
      snapshotId: `s-${version}`,
      graphId,
      version,
      at: START_MS + version * 1_000,
      nodes: 2,
      edges: 1,
      bytes: 900,
      checksum: 'c0ffee',
      userId: 'tester',
    };
    this.snapshots = [row, ...this.snapshots];
  }

  private listAudit(request: AuditRequest): ResponseOf<'audit.list'> {
    const { before, userId, operation = '', limit = ENTRIES_DEFAULT } = request;
    const found = [...this.audit]
      .reverse()
      .filter(({ entryId }) => before === undefined || Number(entryId) < Number(before))
      .filter((entry) => userId === undefined || entry.userId === userId)
      .filter((entry) => entry.operation.startsWith(operation));
    const entries = found.slice(0, limit);
    return { entries, next: found.length > limit ? (entries.at(-1)?.entryId ?? null) : null };
  }

  private enter(figure: EnterFigure): Record<string, never> {
    this.entered.push(figure);
    const { key, value, note } = figure;
    this.targets = this.targets.map((row) =>
      row.key === key
        ? {
            ...row,
            actual: value === null ? null : `${value} %`,
            verdict: value === null ? 'unknown' : value > 80 ? 'met' : 'missed',
            note: value === null ? null : `tester: ${note}`,
          }
        : row,
    );
    return {};
  }
}
