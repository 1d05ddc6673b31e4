import './time-range.css';
import { Button, Popover, SegmentedControl, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { create } from 'zustand';
import { Flyout } from './flyout';
import { formatDateTime } from './format';
import { Icon } from './icons';

/** What time charts show: as it goes, the last minutes until now, or from then to then. */
export type TimeRange =
  | { kind: 'live' }
  | { kind: 'last'; minutes: number }
  | { kind: 'custom'; from: number; to: number };

/** A range that is read from the history. */
export type PastRange = Exclude<TimeRange, { kind: 'live' }>;

export const LIVE: TimeRange = { kind: 'live' };
export const LAST_RANGES: readonly { minutes: number; label: string }[] = [
  { minutes: 15, label: '15 min' },
  { minutes: 60, label: '1 h' },
  { minutes: 360, label: '6 h' },
  { minutes: 1_440, label: '24 h' },
  { minutes: 10_080, label: '7 d' },
  { minutes: 43_200, label: '30 d' },
];
const MINUTE_MS = 60_000;
const DAYS_MAX = 30;

/** The range of all charts of this window; it survives a visit to another page. */
export const useChartRange = create<{ range: TimeRange }>(() => ({ range: LIVE }));

/** A range in milliseconds since 1970; without `to` it ends now. */
export function spanOf(range: PastRange, now: number): { from: number; to?: number } {
  if (range.kind === 'custom') return { from: range.from, to: range.to };
  return { from: now - range.minutes * MINUTE_MS };
}

export function isSameRange(left: TimeRange, right: TimeRange): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Why a span cannot be shown; `undefined` if it can. */
export function faultOfSpan(from: number, to: number, now: number): string | undefined {
  if (!Number.isFinite(from)) return 'From needs a date and a time';
  if (!Number.isFinite(to)) return 'To needs a date and a time';
  if (to - from < MINUTE_MS) return 'From must be at least one minute before To';
  if (from >= now) return 'From must be in the past';
  if (now - from > (DAYS_MAX + 1) * 24 * 60 * MINUTE_MS) {
    return `History goes back ${DAYS_MAX} days at most`;
  }
  return undefined;
}

/** Chooses what time charts show. Without `live` for what has no running figures. */
export function TimeRangePicker(props: {
  value: TimeRange;
  onChange: (range: TimeRange) => void;
  live?: boolean;
}) {
  const { value, onChange, live = true } = props;
  const choices = [
    ...(live ? [{ value: 'live', label: 'Live' }] : []),
    ...LAST_RANGES.map(({ minutes, label }) => ({ value: String(minutes), label })),
  ];
  return (
    <div className="time-range">
      <SegmentedControl
        size="xs"
        aria-label="Time range"
        data-testid="time-range"
        value={value.kind === 'last' ? String(value.minutes) : value.kind}
        onChange={(chosen) =>
          onChange(chosen === 'live' ? LIVE : { kind: 'last', minutes: Number(chosen) })
        }
        data={choices}
      />
      <CustomRange value={value} onChange={onChange} />
    </div>
  );
}

function CustomRange(props: { value: TimeRange; onChange: (range: TimeRange) => void }) {
  const { value, onChange } = props;
  const [opened, setOpened] = useState(false);
  const chosen = value.kind === 'custom';
  return (
    <Flyout opened={opened} onChange={setOpened} position="bottom-end">
      <Popover.Target>
        <Button
          variant={chosen ? 'light' : 'default'}
          rightSection={<Icon name="chevron" size={12} />}
          aria-pressed={chosen}
          onClick={() => setOpened((before) => !before)}
        >
          {chosen ? describeSpan(value.from, value.to) : 'Custom'}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <SpanForm
          value={value}
          onChosen={(range) => {
            setOpened(false);
            onChange(range);
          }}
        />
      </Popover.Dropdown>
    </Flyout>
  );
}

function SpanForm(props: { value: TimeRange; onChosen: (range: TimeRange) => void }) {
  const [now] = useState(() => Date.now());
  const span =
    props.value.kind === 'live' ? { from: now - 60 * MINUTE_MS } : spanOf(props.value, now);
  const [from, setFrom] = useState(toField(span.from));
  const [to, setTo] = useState(toField(span.to ?? now));
  const start = new Date(from).getTime();
  const end = new Date(to).getTime();
  const fault = faultOfSpan(start, end, Date.now());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (fault === undefined) props.onChosen({ kind: 'custom', from: start, to: end });
  };
  return (
    <form className="time-range-form" aria-label="Custom time range" onSubmit={submit}>
      <TextInput
        label="From"
        type="datetime-local"
        value={from}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        label="To"
        type="datetime-local"
        value={to}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      {fault ? (
        <p className="bad" role="alert">
          {fault}
        </p>
      ) : null}
      <Button type="submit" disabled={fault !== undefined}>
        Show
      </Button>
    </form>
  );
}

/** The time of a field is that of this computer, as the times of all charts are. */
function toField(ms: number): string {
  return formatDateTime(ms).slice(0, 16).replace(' ', 'T');
}

/** “2026-01-05 10:00 – 11:30”: the day of the end only where it is another one. */
export function describeSpan(from: number, to: number): string {
  const [start, end] = [formatDateTime(from).slice(0, 16), formatDateTime(to).slice(0, 16)];
  return `${start} – ${start.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end}`;
}
