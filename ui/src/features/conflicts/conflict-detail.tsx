import { Button, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import type { ConflictRecord } from '../../generated/ConflictRecord';
import type { ListedConflict } from '../../generated/ListedConflict';
import type { Writer } from '../../generated/Writer';
import { formatDateTime } from '../../shared/format';
import { Person } from '../../shared/person';
import { hrefOf } from '../../shared/route';
import { resolutionOf } from '../../shared/strategies';
import { useEntityName } from '../../shared/use-entity-name';
import { ChangedValue, ValueDiff } from '../../shared/value-diff';
import { isOpen, useConflictView } from './conflict-view';
import { ValueEditor } from './value-editor';
import { type PersonChoice, settledByPolicy } from './wording';

interface Props {
  conflict: ListedConflict;
  /** It is not in the list any more: settled elsewhere, or hidden by a filter. */
  gone: boolean;
  busy: boolean;
  onSettle: (choice: PersonChoice, value?: unknown) => void;
}

/** One conflict: what both started from, what each made of it, and the choice between them. */
export function ConflictDetail({ conflict, gone, busy, onSettle }: Props) {
  const { note, record, graphId, graphName } = conflict;
  const open = isOpen(conflict) && !gone;
  const name = useEntityName(graphId, note.entityId);
  return (
    <article className="conflict-detail" aria-label="Conflict" data-testid="conflict-detail">
      <header className="conflict-head">
        <div>
          <h2 className="page-title">
            {note.field} of {note.entity} {name === undefined ? '' : `“${name}” `}
            <span className="mono">{note.entityId}</span>
          </h2>
          <div className="dim">
            in {graphName}, {record?.resolution ? 'settled' : 'met'} {formatDateTime(conflict.at)}
          </div>
        </div>
        <a href={hrefOf('graph', graphId, note.entityId)}>Show on graph</a>
      </header>
      {gone ? (
        <p className="panel notice" role="status">
          This conflict has left the list: somebody settled it, or a filter hides it now.
        </p>
      ) : null}
      {record === undefined ? (
        <Policy conflict={conflict} />
      ) : (
        <Sides record={record} open={open} busy={busy} onSettle={onSettle} />
      )}
    </article>
  );
}

function Policy({ conflict }: { conflict: ListedConflict }) {
  const { note, userId } = conflict;
  return (
    <>
      <p>{settledByPolicy(conflict)}</p>
      <dl className="facts">
        <dt>Strategy</dt>
        <dd>
          {resolutionOf(note.resolution).label}
          <span className="dim"> {resolutionOf(note.resolution).about}</span>
        </dd>
        <dt>Winner</dt>
        <dd>{note.winner}</dd>
        <dt>Late change by</dt>
        <dd>
          <Person userId={userId} />
        </dd>
        <dt>Met a write of client</dt>
        <dd className="mono">{note.against ?? 'unnamed'}</dd>
        <dt>Operation</dt>
        <dd className="mono">{conflict.operationId}</dd>
        <dt>Values</dt>
        <dd>Both are in the history of the graph.</dd>
      </dl>
    </>
  );
}

function Sides(props: {
  record: ConflictRecord;
  open: boolean;
  busy: boolean;
  onSettle: (choice: PersonChoice, value?: unknown) => void;
}) {
  const { record, open, busy, onSettle } = props;
  const editing = useConflictView((view) => view.editing);
  const setEditing = (on: boolean) => useConflictView.setState({ editing: on });
  return (
    <>
      <ValueDiff
        base={record.base}
        mine={record.mine}
        theirs={record.theirs}
        labels={{
          base: 'Base: before both',
          mine: `Mine: wanted by ${nameOf(record.author)}`,
          theirs: `Theirs: stored by ${record.against.userId ?? 'another client'}`,
        }}
      />
      {open && editing ? (
        <ValueEditor
          key={record.conflictId}
          record={record}
          busy={busy}
          onSave={(value) => onSettle('edited', value)}
          onCancel={() => setEditing(false)}
        />
      ) : null}
      {open && !editing ? (
        <fieldset className="conflict-choices" aria-label="Choose">
          <Choice
            about="Write the late change"
            letter="M"
            busy={busy}
            onClick={() => onSettle('mine')}
          >
            Mine
          </Choice>
          <Choice
            about="Keep what is stored"
            letter="T"
            busy={busy}
            onClick={() => onSettle('theirs')}
          >
            Theirs
          </Choice>
          <Choice
            about="Write a value of your own"
            letter="E"
            busy={false}
            onClick={() => setEditing(true)}
          >
            Edited…
          </Choice>
        </fieldset>
      ) : null}
      {record.resolution ? <Settled record={record} /> : null}
      <Facts record={record} />
    </>
  );
}

function nameOf(writer: Writer): string {
  return writer.userId ?? (writer.clientId ? `client ${writer.clientId}` : 'somebody');
}

function Choice(props: {
  about: string;
  letter: string;
  busy: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <Tooltip label={props.about}>
      <Button
        variant="default"
        rightSection={<kbd>{props.letter}</kbd>}
        aria-keyshortcuts={props.letter}
        // Not disabled meanwhile: it would lose the focus.
        onClick={() => props.busy || props.onClick()}
      >
        {props.children}
      </Button>
    </Tooltip>
  );
}

function Settled({ record }: { record: ConflictRecord }) {
  const { resolution } = record;
  if (resolution === undefined) return null;
  const { choice, by, value, version } = resolution;
  return (
    <section className="panel settled" aria-label="How it was settled">
      <div>
        {choice === 'obsolete' ? (
          'Nobody had to choose: the entity was deleted.'
        ) : (
          <>
            <strong>Chose {choice}</strong> <span className="dim">as version {version}</span>
          </>
        )}
      </div>
      <div className="dim">
        {nameOf(by)}, {formatDateTime(by.at)}
      </div>
      {choice === 'obsolete' ? null : <ChangedValue before={record.theirs} after={value} />}
    </section>
  );
}

function Facts({ record }: { record: ConflictRecord }) {
  return (
    <dl className="facts conflict-facts">
      <dt>Mine</dt>
      <dd>
        <WriterLine writer={record.author} />, who saw version {record.baseVersion}
      </dd>
      <dt>Theirs</dt>
      <dd>
        <WriterLine writer={record.against} />
      </dd>
      <dt>Recorded</dt>
      <dd>as version {record.version}</dd>
      <dt>Conflict</dt>
      <dd className="mono">{record.conflictId}</dd>
    </dl>
  );
}

function WriterLine({ writer }: { writer: Writer }) {
  return (
    <>
      {writer.userId ? <Person userId={writer.userId} /> : nameOf(writer)}
      {writer.at > 0 ? <span className="dim"> at {formatDateTime(writer.at)}</span> : null}
    </>
  );
}
