import { Button, NumberInput, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { OnNoData } from '../../generated/OnNoData';
import type { SeriesInfo } from '../../generated/SeriesInfo';
import type { ApiFailure } from '../../platform';
import { displayUnit } from '../../shared/series-names';
import { useRpcQuery } from '../../shared/use-rpc';
import {
  FOR_SECONDS_MAX,
  faultsOf,
  type RuleDraft,
  type RuleFaults,
  sentenceOf,
  toRule,
} from './rule-draft';
import { useSaveRule } from './use-save-rule';
import { Watched } from './watched';

interface Props {
  first: RuleDraft;
  /** The names of all rules. */
  taken: ReadonlySet<string>;
  onDone: () => void;
}

/** Everything about one rule; says of each field what is wrong before anything is sent. */
export function RuleForm({ first, taken, onDone }: Props) {
  const [draft, setDraft] = useState(first);
  const [tried, setTried] = useState(false);
  const { data, error: listError } = useRpcQuery('series.list', {}, { staleTime: 60_000 });
  const save = useSaveRule(onDone);
  const faults = faultsOf(draft);
  const shown: RuleFaults = { ...(tried ? faults : {}), ...faultOfAnswer(save.error) };
  const info = data?.series.find(({ name }) => name === draft.series);
  const set = (part: Partial<RuleDraft>) => {
    save.reset();
    setDraft((before) => ({ ...before, ...part }));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(faults).length === 0) save.mutate(toRule(draft, taken));
  };
  return (
    <form className="rule-form" aria-label="Alert rule" onSubmit={submit} noValidate>
      <TextInput
        label="Title"
        data-autofocus
        value={draft.title}
        error={shown.title}
        onChange={(event) => set({ title: event.currentTarget.value })}
      />
      <Watched
        list={data?.series}
        value={draft.series}
        error={shown.series ?? listError?.message}
        onChange={(series) => set({ series })}
      />
      {info ? <p className="dim rule-help">{info.help}</p> : null}
      <Condition draft={draft} faults={shown} info={info} set={set} />
      <Reaction draft={draft} faults={shown} set={set} />
      <Textarea
        label="Note: where the limit comes from, or what to do"
        size="xs"
        autosize
        minRows={2}
        maxRows={6}
        value={draft.note}
        error={shown.note}
        onChange={(event) => set({ note: event.currentTarget.value })}
      />
      <p className="rule-sentence" role="status">
        {sentenceOf(draft, info)}
      </p>
      {save.error && faultOfAnswer(save.error) === undefined ? (
        <p className="bad" role="alert">
          {save.error.message}
        </p>
      ) : null}
      <div className="row-actions">
        <Button variant="default" onClick={onDone}>
          Cancel
        </Button>
        <Button type="submit" loading={save.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}

/** What the server says of one field stands at that field. */
function faultOfAnswer(error: ApiFailure | null): RuleFaults | undefined {
  const field = error?.field?.split('.').at(-1);
  if (error === null || field === undefined) return undefined;
  const known = ['title', 'series', 'limit', 'forSeconds', 'note'].includes(field);
  return known ? { [field]: error.message } : undefined;
}

interface PartProps {
  draft: RuleDraft;
  faults: RuleFaults;
  set: (part: Partial<RuleDraft>) => void;
}

function Condition({ draft, faults, info, set }: PartProps & { info: SeriesInfo | undefined }) {
  const unit = displayUnit(info?.unit ?? '');
  return (
    <div className="rule-line">
      <div>
        <div className="field-label">Fires when it is</div>
        <SegmentedControl
          size="xs"
          aria-label="Comparison"
          value={draft.comparison}
          onChange={(comparison) => set({ comparison: comparison as RuleDraft['comparison'] })}
          data={[
            { value: 'above', label: 'above' },
            { value: 'below', label: 'below' },
          ]}
        />
      </div>
      <NumberInput
        label={unit === '' ? 'Limit' : `Limit, in ${unit === 'share' ? 'parts of 1' : unit}`}
        w={170}
        value={draft.limit}
        error={faults.limit}
        onChange={(limit) => set({ limit })}
      />
      <NumberInput
        label="For how long, in seconds"
        w={170}
        min={0}
        max={FOR_SECONDS_MAX}
        clampBehavior="none"
        value={draft.forSeconds}
        error={faults.forSeconds}
        onChange={(forSeconds) => set({ forSeconds })}
      />
    </div>
  );
}

const NO_DATA: { value: OnNoData; label: string }[] = [
  { value: 'hold', label: 'it stays as it is' },
  { value: 'fire', label: 'it counts as a breach' },
  { value: 'clear', label: 'it counts as within the limit' },
];

function Reaction({ draft, set }: PartProps) {
  return (
    <div className="rule-line">
      <div>
        <div className="field-label">How bad it is</div>
        <SegmentedControl
          size="xs"
          aria-label="Severity"
          value={draft.severity}
          onChange={(severity) => set({ severity: severity as RuleDraft['severity'] })}
          data={['info', 'warning', 'critical']}
        />
      </div>
      <Select
        label="Without values"
        w={200}
        allowDeselect={false}
        value={draft.onNoData}
        data={NO_DATA}
        onChange={(chosen) => chosen !== null && set({ onNoData: chosen as OnNoData })}
      />
    </div>
  );
}
