import { Fragment, useState } from 'react';
import type { AuditEntry } from '../../generated/AuditEntry';
import type { AuditOutcome } from '../../generated/AuditOutcome';
import { formatDateTime } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { Person } from '../../shared/person';
import { type Tone, ToneMark } from '../../shared/tone-mark';

const TONES: Record<AuditOutcome, Tone> = {
  begun: 'warn',
  done: 'ok',
  failed: 'bad',
  refused: 'warn',
};
/** More of a detail is not drawn. */
const DETAIL_CHARS_MAX = 20_000;

/** One line for each entry; what was asked is below it on demand. */
export function AuditTable(props: {
  entries: readonly AuditEntry[];
  onUser: (userId: string) => void;
}) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => {
    const next = new Set(opened);
    if (!next.delete(id)) next.add(id);
    setOpened(next);
  };
  return (
    <div className="panel audit-panel scroll-x">
      <table className="plain-table audit-table">
        <thead>
          <tr>
            <th>When</th>
            <th>Who</th>
            <th>What</th>
            <th>Target</th>
            <th>Outcome</th>
            <th aria-label="Details" />
          </tr>
        </thead>
        <tbody>
          {props.entries.map((entry) => (
            <Fragment key={entry.entryId}>
              <EntryRow
                entry={entry}
                opened={opened.has(entry.entryId)}
                onToggle={() => toggle(entry.entryId)}
                onUser={props.onUser}
              />
              {opened.has(entry.entryId) ? (
                <tr className="audit-detail">
                  <td colSpan={6}>
                    <Detail entry={entry} />
                  </td>
                </tr>
              ) : null}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function EntryRow(props: {
  entry: AuditEntry;
  opened: boolean;
  onToggle: () => void;
  onUser: (userId: string) => void;
}) {
  const { entry, opened, onToggle, onUser } = props;
  const { entryId, at, userId, operation, target, outcome, result } = entry;
  return (
    <tr data-testid={`audit-${entryId}`}>
      <td className="dim number-left">{formatDateTime(at)}</td>
      <td>
        <button
          type="button"
          className="link-button"
          title={`Only what ${userId} did`}
          onClick={() => onUser(userId)}
        >
          <Person userId={userId} />
        </button>
      </td>
      <td className="mono">{operation}</td>
      <td className="audit-target">{target}</td>
      <td>
        <ToneMark tone={TONES[outcome]}>{outcome === 'begun' ? 'end unknown' : outcome}</ToneMark>
        {result ? <span className="dim audit-result"> {result}</span> : null}
      </td>
      <td>
        <button
          type="button"
          className="link-button audit-toggle"
          aria-expanded={opened}
          aria-label={`Details of ${operation} at ${formatDateTime(at)}`}
          onClick={onToggle}
        >
          <Icon name="chevron" size={13} />
        </button>
      </td>
    </tr>
  );
}

function Detail({ entry }: { entry: AuditEntry }) {
  const { detail, entryId, traceId } = entry;
  const text = JSON.stringify(detail, null, 2) ?? 'null';
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long text is scrolled by keyboard */}
      <pre tabIndex={0}>
        {text.slice(0, DETAIL_CHARS_MAX)}
        {text.length > DETAIL_CHARS_MAX
          ? `\n… ${text.length - DETAIL_CHARS_MAX} more characters`
          : ''}
      </pre>
      <div className="dim">
        entry <span className="mono">{entryId}</span>, trace <span className="mono">{traceId}</span>
      </div>
    </>
  );
}
