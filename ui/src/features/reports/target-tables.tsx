import { Tooltip } from '@mantine/core';
import type { TargetArea } from '../../generated/TargetArea';
import type { TargetRow } from '../../generated/TargetRow';
import type { Verdict } from '../../generated/Verdict';
import { BarredButton, useOperateBar } from '../../shared/operating';
import { PagePart } from '../../shared/page-part';
import { type Tone, ToneMark } from '../../shared/tone-mark';
import { openEnterFigure } from './enter-figure';

const AREAS: { area: TargetArea; title: string; about: string }[] = [
  { area: 'technical', title: 'Technical', about: 'how fast and how right it is' },
  { area: 'reliability', title: 'Reliability', about: 'how dependable it is' },
  { area: 'userExperience', title: 'User experience', about: 'what people notice' },
  { area: 'business', title: 'Business', about: 'what it does for the business' },
];
const VERDICTS: Record<Verdict, { tone: Tone; text: string }> = {
  met: { tone: 'ok', text: 'met' },
  missed: { tone: 'bad', text: 'missed' },
  unknown: { tone: 'quiet', text: 'no verdict' },
};

/** All success metrics by area, target against actual. */
export function TargetTables({ targets }: { targets: readonly TargetRow[] }) {
  return AREAS.map(({ area, title, about }) => {
    const rows = targets.filter((row) => row.area === area);
    if (rows.length === 0) return null;
    return (
      <PagePart key={area} title={title} about={`${about}; ${verdictWords(rows)}`} testId={area}>
        <TargetTable rows={rows} />
      </PagePart>
    );
  });
}

function verdictWords(rows: readonly TargetRow[]): string {
  const count = (verdict: Verdict) => rows.filter((row) => row.verdict === verdict).length;
  const missed = count('missed');
  return `${count('met')} of ${rows.length} met${missed > 0 ? `, ${missed} missed` : ''}`;
}

function TargetTable({ rows }: { rows: readonly TargetRow[] }) {
  return (
    <div className="scroll-x">
      <table className="plain-table target-table">
        <thead>
          <tr>
            <th>Metric</th>
            <th>Target</th>
            <th>Actual</th>
            <th>Verdict</th>
            <th>Note</th>
            <th aria-label="Actions" />
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.key} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row }: { row: TargetRow }) {
  const { key, title, target, actual, formula, verdict, byHand, note } = row;
  const { tone, text } = VERDICTS[verdict];
  return (
    <tr data-testid={`target-${key}`}>
      <td>
        <Tooltip label={formula}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the formula must be reachable by keyboard */}
          <span className="target-title" tabIndex={0}>
            {title}
          </span>
        </Tooltip>
        {byHand ? <span className="dim target-hand"> entered by hand</span> : null}
      </td>
      <td className="target-number">{target}</td>
      <td className="target-number">
        {actual ?? <span className="dim">{byHand ? 'not entered' : '–'}</span>}
      </td>
      <td>
        <ToneMark tone={tone}>{verdict === 'unknown' ? whyUnknown(row) : text}</ToneMark>
      </td>
      <td className="dim target-note">{note ?? ''}</td>
      <td>{byHand ? <Enter row={row} /> : null}</td>
    </tr>
  );
}

/** Some figures say what was asked of a deployment, not what it could do: they decide nothing. */
function whyUnknown({ actual, byHand }: TargetRow): string {
  if (actual !== null) return 'no verdict';
  return byHand ? 'not entered' : 'not measured';
}

function Enter({ row }: { row: TargetRow }) {
  const bar = useOperateBar();
  return (
    <div className="row-actions">
      <BarredButton
        bar={bar}
        size="compact-xs"
        aria-label={`Enter ${row.title}`}
        onClick={() => openEnterFigure(row)}
      >
        Enter…
      </BarredButton>
    </div>
  );
}
