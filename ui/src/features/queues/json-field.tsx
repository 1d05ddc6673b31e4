import { Textarea } from '@mantine/core';
import type { Parsed } from './json-text';

/** A text field for JSON that says at once what is wrong with it. */
export function JsonField(props: {
  label: string;
  text: string;
  onText: (text: string) => void;
  parsed: Parsed;
}) {
  const { label, text, onText, parsed } = props;
  return (
    <Textarea
      label={label}
      size="xs"
      rows={12}
      value={text}
      error={'fault' in parsed ? parsed.fault : undefined}
      spellCheck={false}
      className="queue-json-field"
      onChange={(event) => onText(event.currentTarget.value)}
    />
  );
}
