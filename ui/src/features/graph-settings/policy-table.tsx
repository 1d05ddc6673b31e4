import { Button, Select, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { GraphSettingsView } from '../../generated/GraphSettingsView';
import type { Strategy } from '../../generated/Strategy';
import { STRATEGIES, strategyOf } from '../../shared/strategies';
import { useChange } from './use-change';

const ANY_DATA = 'data.*';
const FIRST_FIELDS = ['title', 'position', 'size', 'parent', 'progress', 'kind', 'label', 'weight'];
const FIELDS_MAX = 100;

interface Props {
  view: GraphSettingsView;
  readOnly: boolean;
}

/** One strategy per field: the graph's own choice, or the default. */
export function PolicyTable({ view, readOnly }: Props) {
  const { change, isPending } = useChange(view.graph.graphId, 'The policy was not changed');
  const set = (field: string, strategy: Strategy | null) =>
    change('UPDATE_GRAPH', { policy: { [field]: strategy } });
  return (
    <>
      <table className="plain-table policy-table">
        <thead>
          <tr>
            <th>Field</th>
            <th>Strategy</th>
            <th>What it does</th>
            <th aria-label="Actions" />
          </tr>
        </thead>
        <tbody>
          {fieldsOf(view).map((field) => (
            <FieldRow
              key={field}
              field={field}
              view={view}
              readOnly={readOnly}
              busy={isPending}
              set={set}
            />
          ))}
        </tbody>
      </table>
      {readOnly ? null : <AddKey view={view} set={set} />}
    </>
  );
}

/** Known fields first, then keys of `data` by name. */
function fieldsOf({ defaults, settings }: GraphSettingsView): string[] {
  const names = new Set([...Object.keys(defaults), ...Object.keys(settings.policy)]);
  const rank = (name: string) => {
    const at = FIRST_FIELDS.indexOf(name);
    if (at >= 0) return at;
    return name === ANY_DATA ? FIRST_FIELDS.length : FIRST_FIELDS.length + 1;
  };
  return [...names].sort(
    (left, right) => rank(left) - rank(right) || left.localeCompare(right, 'en'),
  );
}

/** What counts where the graph has not chosen: for a key of `data`, its choice for all of them. */
function defaultOf({ defaults, settings }: GraphSettingsView, field: string): Strategy {
  const forAll = field.startsWith('data.') && field !== ANY_DATA;
  const inherited = forAll ? settings.policy[ANY_DATA] : undefined;
  return inherited ?? defaults[field] ?? defaults[ANY_DATA] ?? 'LAST_WRITE_WINS';
}

function FieldRow(props: {
  field: string;
  view: GraphSettingsView;
  readOnly: boolean;
  busy: boolean;
  set: (field: string, strategy: Strategy | null) => void;
}) {
  const { field, view, readOnly, busy, set } = props;
  const standard = defaultOf(view, field);
  const own = view.settings.policy[field];
  const chosen = own ?? standard;
  return (
    <tr>
      <td className="mono">{field}</td>
      <td>
        {readOnly ? (
          strategyOf(chosen).label
        ) : (
          <Select
            aria-label={`Strategy for ${field}`}
            w={190}
            allowDeselect={false}
            value={chosen}
            data={STRATEGIES.map(({ name, label }) => ({
              value: name,
              label: name === standard ? `${label} (default)` : label,
            }))}
            onChange={(name) => name !== null && name !== chosen && set(field, name as Strategy)}
          />
        )}
      </td>
      <td className="dim">{strategyOf(chosen).about}</td>
      <td>
        {own === undefined ? (
          <span className="dim">default</span>
        ) : readOnly ? null : (
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`Reset ${field} to the default`}
            disabled={busy}
            onClick={() => set(field, null)}
          >
            Reset
          </Button>
        )}
      </td>
    </tr>
  );
}

/** A key of `data` with a strategy of its own. */
function AddKey(props: {
  view: GraphSettingsView;
  set: (field: string, strategy: Strategy) => void;
}) {
  const { view, set } = props;
  const [key, setKey] = useState('');
  const [strategy, setStrategy] = useState<Strategy>('MANUAL');
  const name = key.trim().replace(/^data\./, '');
  const fault = faultOf(name, view);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name === '' || fault !== undefined) return;
    set(`data.${name}`, strategy);
    setKey('');
  };
  return (
    <form className="settings-line" onSubmit={submit}>
      <TextInput
        aria-label="Key of data"
        placeholder="key"
        leftSection={<span className="mono">data.</span>}
        leftSectionWidth={48}
        w={190}
        value={key}
        error={fault}
        onChange={(event) => setKey(event.currentTarget.value)}
      />
      <Select
        aria-label="Strategy for the new key"
        w={190}
        allowDeselect={false}
        value={strategy}
        data={STRATEGIES.map((known) => ({ value: known.name, label: known.label }))}
        onChange={(chosen) => chosen !== null && setStrategy(chosen as Strategy)}
      />
      <Button type="submit" variant="default" disabled={name === '' || fault !== undefined}>
        Add a key
      </Button>
    </form>
  );
}

function faultOf(name: string, { settings }: GraphSettingsView): string | undefined {
  if (settings.policy[`data.${name}`] !== undefined) return 'It has a strategy already';
  if (name !== '' && Object.keys(settings.policy).length >= FIELDS_MAX) {
    return `At most ${FIELDS_MAX} fields have a strategy of their own`;
  }
  return undefined;
}
