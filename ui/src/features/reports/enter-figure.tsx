import { Button, NumberInput, Textarea } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { TargetRow } from '../../generated/TargetRow';
import { useRpcMutation } from '../../shared/use-rpc';

const MODAL = 'enter-figure';
const NOTE_CHARS_MAX = 300;

/** Asks for a figure that nothing here measures. */
export function openEnterFigure(row: TargetRow): void {
  modals.open({
    modalId: MODAL,
    title: row.title,
    children: <EnterFigure row={row} onDone={() => modals.close(MODAL)} />,
  });
}

function EnterFigure({ row, onDone }: { row: TargetRow; onDone: () => void }) {
  const client = useQueryClient();
  const [value, setValue] = useState<number | string>('');
  const [note, setNote] = useState('');
  const enter = useRpcMutation('reports.enter', 'The figure was not entered');
  const number = typeof value === 'number' ? value : Number.NaN;
  const length = [...note.trim()].length;
  const fault =
    length > NOTE_CHARS_MAX
      ? `At most ${NOTE_CHARS_MAX} characters; these are ${length}`
      : undefined;
  const send = (entered: number | null) =>
    enter.mutate(
      { key: row.key, value: entered, note: note.trim() },
      {
        onSuccess: () => {
          void client.invalidateQueries({ queryKey: ['reports.targets'] });
          onDone();
        },
      },
    );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (Number.isFinite(number) && fault === undefined) send(number);
  };
  return (
    <form className="enter-figure" aria-label="Enter a figure" onSubmit={submit}>
      <p className="dim">
        {row.formula} The target is {row.target}
        {row.actual === null ? '.' : `, entered is ${row.actual}.`}
      </p>
      <NumberInput label="Value" data-autofocus w={180} value={value} onChange={setValue} />
      <Textarea
        label="Where it comes from"
        size="xs"
        autosize
        minRows={2}
        maxRows={5}
        value={note}
        error={fault}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <div className="row-actions">
        {row.actual === null ? null : (
          <Button variant="default" loading={enter.isPending} onClick={() => send(null)}>
            Take it back
          </Button>
        )}
        <Button
          type="submit"
          loading={enter.isPending}
          disabled={!Number.isFinite(number) || fault !== undefined}
        >
          Enter
        </Button>
      </div>
    </form>
  );
}
