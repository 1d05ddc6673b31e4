import './conflict-choice.css';
import { Button, Popover, Textarea } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import { fieldName } from '../../graph/wording';
import type { ConflictRecord } from '../../protocol';
import { Flyout } from '../../shared/flyout';
import { formatClock } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { ValueDiff } from '../../shared/value-diff';
import { useCanvasSession } from './canvas-state';
import { useContested } from './use-contested';

/** The sign on an entity that two people changed at once; pressing it offers the choice in place. */
export function ContestedMark({ id }: { id: string }) {
  return (
    <ConflictPopover id={id}>
      {(toggle) => (
        <button
          type="button"
          className="mark-contested nodrag nopan"
          data-testid={`contested-${id}`}
          aria-label="Two changes met here: choose which one stays"
          title="Two changes met here: choose which one stays"
          onClick={toggle}
          onDoubleClick={(event) => event.stopPropagation()}
        >
          <Icon name="conflict" size={13} />
        </button>
      )}
    </ConflictPopover>
  );
}

function ConflictPopover(props: { id: string; children: (toggle: () => void) => ReactElement }) {
  const [open, setOpen] = useState(false);
  const records = useContested(props.id);
  return (
    <Flyout
      opened={open && records.length > 0}
      onChange={setOpen}
      width={460}
      position="bottom-start"
      withArrow
      withinPortal
    >
      <Popover.Target>{props.children(() => setOpen((was) => !was))}</Popover.Target>
      <Popover.Dropdown
        className="conflict-choice"
        data-testid="conflict-choice"
        // Keys and presses in here are not the canvas's.
        onKeyDown={(event) => event.key !== 'Escape' && event.stopPropagation()}
        onDoubleClick={(event) => event.stopPropagation()}
      >
        {records.map((record) => (
          <Choice key={record.conflictId} record={record} />
        ))}
      </Popover.Dropdown>
    </Flyout>
  );
}

function Choice({ record }: { record: ConflictRecord }) {
  const session = useCanvasSession();
  const [editing, setEditing] = useState(false);
  const { conflictId, mine, theirs, base, field } = record;
  const writable = typeof mine === 'string' && typeof theirs === 'string';
  const own = record.author.userId === session.status.getState().userId;
  const author = own ? 'you' : (record.author.userId ?? 'somebody');
  const other = record.against.userId;
  const against = other ? `By ${other}, there until decided` : 'There until decided';
  if (editing) {
    return (
      <Editor
        record={record}
        onCancel={() => setEditing(false)}
        onSettle={(value) => session.resolve(conflictId, 'edited', value)}
      />
    );
  }
  return (
    <section aria-label={`The ${fieldName(field)}`}>
      <p className="conflict-head">
        Two changes of the <strong>{fieldName(field)}</strong> met at{' '}
        {formatClock(record.author.at)}.
      </p>
      <ValueDiff
        base={base}
        mine={mine}
        theirs={theirs}
        layout="rows"
        labels={{ base: 'Before', mine: `By ${author}`, theirs: against }}
      />
      {session.readOnly ? (
        <p className="dim">You may look at this graph, not decide in it.</p>
      ) : (
        <div className="conflict-buttons">
          <Button data-testid="take-mine" onClick={() => session.resolve(conflictId, 'mine')}>
            {own ? 'Take mine' : `Take ${author}’s`}
          </Button>
          <Button
            variant="default"
            data-testid="take-theirs"
            onClick={() => session.resolve(conflictId, 'theirs')}
          >
            Keep what is there
          </Button>
          {writable ? (
            <Button variant="subtle" color="gray" onClick={() => setEditing(true)}>
              Write another…
            </Button>
          ) : null}
        </div>
      )}
    </section>
  );
}

function Editor(props: {
  record: ConflictRecord;
  onCancel: () => void;
  onSettle: (value: string) => void;
}) {
  const [value, setValue] = useState(String(props.record.theirs ?? ''));
  return (
    <section aria-label="Write what it should be">
      <Textarea
        label={`What the ${fieldName(props.record.field)} should be`}
        value={value}
        onChange={(event) => setValue(event.currentTarget.value)}
        autosize
        maxRows={10}
        data-autofocus
      />
      <div className="conflict-buttons">
        <Button onClick={() => props.onSettle(value)}>Settle with this</Button>
        <Button variant="subtle" color="gray" onClick={props.onCancel}>
          Back
        </Button>
      </div>
    </section>
  );
}
