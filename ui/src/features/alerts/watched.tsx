import { Button, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { SeriesInfo } from '../../generated/SeriesInfo';
import { displayUnit, titleOf } from '../../shared/series-names';

const EXAMPLE = 'rate(graphy_jobs_processed_total{status="failed"}[10m])';

interface Props {
  value: string;
  error: string | undefined;
  onChange: (series: string) => void;
}

/** What a rule watches: one of the series, or an expression on metrics that somebody writes. */
export function Watched(props: Props & { list: readonly SeriesInfo[] | undefined }) {
  const { list, value, error, onChange } = props;
  const [writing, setWriting] = useState<boolean>();
  const isSeries = value === '' || list === undefined || list.some(({ name }) => name === value);
  const writes = writing ?? !isSeries;
  return (
    <div className="watched">
      {writes ? (
        <TextInput
          label="What is watched: an expression on metrics"
          placeholder={EXAMPLE}
          value={value}
          error={error}
          spellCheck={false}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      ) : (
        <SeriesSelect series={list ?? []} value={value} error={error} onChange={onChange} />
      )}
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        onClick={() => {
          setWriting(!writes);
          if (writes) onChange('');
        }}
      >
        {writes ? 'Choose a series' : 'Write an expression'}
      </Button>
    </div>
  );
}

function SeriesSelect(props: Props & { series: readonly SeriesInfo[] }) {
  const { series, value, error, onChange } = props;
  const groups = [...new Set(series.map(({ group }) => group))];
  return (
    <Select
      label="What is watched"
      placeholder="Choose a series"
      searchable
      allowDeselect={false}
      maxDropdownHeight={260}
      value={value === '' ? null : value}
      error={error}
      data={groups.map((group) => ({
        group,
        items: series
          .filter((one) => one.group === group)
          .map(({ name }) => ({ value: name, label: titleOf(name) })),
      }))}
      renderOption={({ option }) => {
        const info = series.find(({ name }) => name === option.value);
        return (
          <div className="series-option">
            <span>{option.label}</span>
            <span className="dim">{displayUnit(info?.unit ?? '')}</span>
            <span className="dim series-option-help">{info?.help}</span>
          </div>
        );
      }}
      onChange={(chosen) => chosen !== null && onChange(chosen)}
    />
  );
}
