import { Autocomplete, Button, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import type { ConflictRates } from '../../generated/ConflictRates';
import type { ResolutionType } from '../../generated/ResolutionType';
import { Icon } from '../../shared/icons';
import { RESOLUTIONS } from '../../shared/strategies';
import { useRpcQuery } from '../../shared/use-rpc';
import { clearFilters, setFilters, useConflictView } from './conflict-view';

const KNOWN_FIELDS = ['title', 'position', 'size', 'parent', 'progress', 'kind', 'label', 'weight'];
const TYPING_MS = 250;
export const SEARCH_FIELD = 'conflict-search';

/** Which conflicts are listed; an empty field lets all through. */
export function ConflictFilterBar({ rates }: { rates: ConflictRates | undefined }) {
  const filters = useConflictView((view) => view.filters);
  const { data } = useRpcQuery('graphs.list', {});
  const graphs = data?.graphs.map(({ graphId, name }) => ({ value: graphId, label: name })) ?? [];
  const fields = [...new Set([...KNOWN_FIELDS, ...Object.keys(rates?.byField ?? {})])];
  const { status: _, ...narrowed } = filters;
  const filtered = Object.values(narrowed).some((value) => value !== undefined);
  return (
    <search className="conflict-filters" aria-label="Filter conflicts">
      <TypedText
        id={SEARCH_FIELD}
        label="Search entities and values"
        placeholder="Search ( / )"
        value={filters.search}
        onChange={(search) => setFilters({ search })}
      />
      <Select
        aria-label="Graph"
        placeholder="Any graph"
        data={graphs}
        value={filters.graphId ?? null}
        clearable
        searchable
        onChange={(graphId) => setFilters({ graphId: graphId ?? undefined })}
      />
      <Select
        aria-label="Field"
        placeholder="Any field"
        data={fields}
        value={filters.field ?? null}
        clearable
        searchable
        onChange={(field) => setFilters({ field: field ?? undefined })}
      />
      <TypedPerson rates={rates} />
      <Select
        aria-label="How settled"
        placeholder="Any way"
        data={RESOLUTIONS.map(({ name, label }) => ({ value: name, label }))}
        value={filters.resolution ?? null}
        clearable
        onChange={(name) => setFilters({ resolution: (name as ResolutionType) ?? undefined })}
      />
      <Button variant="subtle" color="gray" disabled={!filtered} onClick={clearFilters}>
        Clear
      </Button>
    </search>
  );
}

/** A text that takes effect when the typing pauses. */
function useTyped(value: string | undefined, onChange: (text: string | undefined) => void) {
  const [text, setText] = useState(value ?? '');
  const tell = useDebouncedCallback(onChange, TYPING_MS);
  useEffect(() => setText(value ?? ''), [value]);
  const type = (typed: string) => {
    setText(typed);
    tell(typed.trim() === '' ? undefined : typed.trim());
  };
  return { text, type };
}

function TypedText(props: {
  id: string;
  label: string;
  placeholder: string;
  value: string | undefined;
  onChange: (text: string | undefined) => void;
}) {
  const { text, type } = useTyped(props.value, props.onChange);
  return (
    <TextInput
      id={props.id}
      aria-label={props.label}
      placeholder={props.placeholder}
      value={text}
      leftSection={<Icon name="search" size={13} />}
      onChange={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
    />
  );
}

function TypedPerson({ rates }: { rates: ConflictRates | undefined }) {
  const userId = useConflictView((view) => view.filters.userId);
  const { text, type } = useTyped(userId, (chosen) => setFilters({ userId: chosen }));
  return (
    <Autocomplete
      size="xs"
      aria-label="Person"
      placeholder="Anybody"
      data={[...new Set(rates?.causers.map((causer) => causer.userId) ?? [])]}
      value={text}
      onChange={type}
    />
  );
}
