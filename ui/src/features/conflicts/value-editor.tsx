import { Button, Checkbox, NumberInput, SegmentedControl, Textarea } from '@mantine/core';
import { useState } from 'react';
import type { ConflictRecord } from '../../generated/ConflictRecord';
import { valueText } from '../../shared/value-diff';

type Form = 'text' | 'number' | 'json';

/** What a field can be; only keys of `data` may change their form. */
const FORMS: Record<string, Form> = {
  title: 'text',
  kind: 'text',
  label: 'text',
  parent: 'text',
  progress: 'number',
  weight: 'number',
  position: 'json',
  size: 'json',
};
const REMOVABLE = { node: ['parent', 'progress', 'size'], edge: ['kind', 'label', 'weight'] };
/** Texts that must say something. */
const NEVER_BLANK = ['title', 'kind', 'parent'];

function isRemovable({ entity, field }: ConflictRecord): boolean {
  return field.startsWith('data.') || REMOVABLE[entity].includes(field);
}

/** Lets a person write the value that is to be there; `null` takes the field away. */
export function ValueEditor(props: {
  record: ConflictRecord;
  busy: boolean;
  onSave: (value: unknown) => void;
  onCancel: () => void;
}) {
  const { record, busy } = props;
  const start = record.theirs ?? record.mine ?? record.base;
  const [form, setForm] = useState<Form>(() => FORMS[record.field] ?? formOf(start));
  const [text, setText] = useState(() => valueText(start));
  const [unset, setUnset] = useState(false);
  const parsed = unset ? { value: null } : parseValue(form, text, record.field);
  const fault = 'fault' in parsed ? parsed.fault : undefined;
  const save = () => {
    if ('value' in parsed && !busy) props.onSave(parsed.value);
  };

  return (
    <form
      className="value-editor"
      aria-label="Edit the value"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') props.onCancel();
        else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save();
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <div className="value-editor-head">
        <span className="section-title">Your value</span>
        <span className="dim">start from</span>
        {(['base', 'mine', 'theirs'] as const).map((side) => (
          <Button
            key={side}
            size="compact-xs"
            variant="default"
            onClick={() => setText(valueText(record[side]))}
          >
            {side}
          </Button>
        ))}
        <span style={{ flex: 1 }} />
        {FORMS[record.field] === undefined ? (
          <SegmentedControl
            size="xs"
            aria-label="Form of the value"
            value={form}
            onChange={(value) => setForm(value as Form)}
            data={[
              { value: 'text', label: 'Text' },
              { value: 'number', label: 'Number' },
              { value: 'json', label: 'JSON' },
            ]}
          />
        ) : null}
      </div>
      <Field
        form={form}
        field={record.field}
        text={text}
        onText={setText}
        off={unset}
        fault={fault}
      />
      <div className="value-editor-foot">
        {isRemovable(record) ? (
          <Checkbox
            size="xs"
            label="Take the field away"
            checked={unset}
            onChange={(event) => setUnset(event.currentTarget.checked)}
          />
        ) : null}
        <span style={{ flex: 1 }} />
        <Button variant="default" onClick={props.onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={busy} disabled={fault !== undefined}>
          Write this value
        </Button>
      </div>
    </form>
  );
}

function Field(props: {
  form: Form;
  field: string;
  text: string;
  onText: (text: string) => void;
  off: boolean;
  fault: string | undefined;
}) {
  const { form, field, text, onText, off, fault } = props;
  if (form === 'number') {
    const share = field === 'progress';
    return (
      <NumberInput
        data-autofocus
        autoFocus
        aria-label="Value"
        value={text}
        disabled={off}
        error={fault}
        onChange={(value) => onText(String(value))}
        {...(share ? { min: 0, max: 1, step: 0.05, decimalScale: 4 } : {})}
      />
    );
  }
  return (
    <Textarea
      autoFocus
      aria-label="Value"
      autosize
      minRows={form === 'json' ? 4 : 2}
      maxRows={14}
      size="xs"
      value={text}
      disabled={off}
      error={fault}
      spellCheck={form === 'text'}
      className={form === 'json' ? 'json-field' : undefined}
      onChange={(event) => onText(event.currentTarget.value)}
    />
  );
}

function formOf(value: unknown): Form {
  if (typeof value === 'number') return 'number';
  return typeof value === 'string' || value === null || value === undefined ? 'text' : 'json';
}

/** The value that the text stands for, or what is wrong with the text. */
export function parseValue(
  form: Form,
  text: string,
  field: string,
): { value: unknown } | { fault: string } {
  if (form === 'text') {
    if (text.trim() === '' && NEVER_BLANK.includes(field)) return { fault: `A ${field} is needed` };
    return { value: text };
  }
  if (form === 'number') {
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number)) return { fault: 'A number is needed' };
    if (field === 'progress' && (number < 0 || number > 1)) {
      return { fault: 'Progress is between 0 and 1' };
    }
    return { value: number };
  }
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (cause) {
    return { fault: `Not JSON: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
}
