import { Autocomplete, Button, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import type { AuditFilter } from './use-audit';

const TYPING_MS = 250;
/** Areas of operations; what a person types may be any beginning of a name. */
const AREAS = [
  'alerts.',
  'conflicts.',
  'graphs.',
  'queues.',
  'reports.',
  'snapshots.',
  'system.',
  'tokens.',
];

export function AuditFilterBar(props: {
  filter: AuditFilter;
  onFilter: (filter: AuditFilter) => void;
}) {
  const { filter, onFilter } = props;
  const user = useTyped(filter.userId, (userId) => onFilter({ ...filter, userId }));
  const operation = useTyped(filter.operation, (name) => onFilter({ ...filter, operation: name }));
  return (
    <search className="audit-filters" aria-label="Filter the audit log">
      <TextInput
        aria-label="User"
        placeholder="Anybody"
        w={180}
        value={user.text}
        onChange={(event) => user.type(event.currentTarget.value)}
      />
      <Autocomplete
        size="xs"
        aria-label="Operation begins with"
        placeholder="Any operation"
        w={220}
        data={AREAS}
        value={operation.text}
        onChange={operation.type}
      />
      <Button
        variant="subtle"
        color="gray"
        disabled={filter.userId === '' && filter.operation === ''}
        onClick={() => onFilter({ userId: '', operation: '' })}
      >
        Clear
      </Button>
    </search>
  );
}

/** A text that takes effect when the typing pauses. */
function useTyped(value: string, onChange: (text: string) => void) {
  const [text, setText] = useState(value);
  const tell = useDebouncedCallback(onChange, TYPING_MS);
  useEffect(() => setText(value), [value]);
  const type = (typed: string) => {
    setText(typed);
    tell(typed.trim());
  };
  return { text, type };
}
