import type { AlertRule } from '../../generated/AlertRule';
import type { SeriesInfo } from '../../generated/SeriesInfo';
import { formatDuration, formatLimit } from '../../shared/format';
import { displayUnit, titleOf } from '../../shared/series-names';

export const TITLE_CHARS_MAX = 120;
export const NOTE_CHARS_MAX = 1_000;
export const FOR_SECONDS_MAX = 86_400;
const ID_CHARS_MAX = 64;

/** A rule while it is being written: numbers may be missing or half typed. */
export type RuleDraft = Omit<AlertRule, 'limit' | 'forSeconds'> & {
  limit: number | string;
  forSeconds: number | string;
};

export type RuleFaults = Partial<Record<keyof RuleDraft, string>>;

export const NEW_RULE: RuleDraft = {
  ruleId: '',
  title: '',
  series: '',
  comparison: 'above',
  limit: '',
  forSeconds: 60,
  severity: 'warning',
  onNoData: 'hold',
  enabled: true,
  note: '',
};

/** What keeps a draft from being saved, field by field, with the limits. */
export function faultsOf(draft: RuleDraft): RuleFaults {
  const faults: RuleFaults = {};
  const title = draft.title.trim();
  if (title === '') faults.title = 'A rule needs a title';
  else if ([...title].length > TITLE_CHARS_MAX) {
    faults.title = `At most ${TITLE_CHARS_MAX} characters; these are ${[...title].length}`;
  }
  if (draft.series.trim() === '') faults.series = 'Choose what is watched';
  if (numberOf(draft.limit) === undefined) faults.limit = 'The limit must be a number';
  const seconds = numberOf(draft.forSeconds);
  if (
    seconds === undefined ||
    !Number.isInteger(seconds) ||
    seconds < 0 ||
    seconds > FOR_SECONDS_MAX
  ) {
    faults.forSeconds = `Whole seconds from 0 to ${FOR_SECONDS_MAX.toLocaleString('en-GB')} (a day)`;
  }
  if ([...draft.note].length > NOTE_CHARS_MAX) {
    faults.note = `At most ${NOTE_CHARS_MAX.toLocaleString('en-GB')} characters; these are ${[...draft.note].length.toLocaleString('en-GB')}`;
  }
  return faults;
}

/** A draft without faults as a rule; a new one gets a name that no other rule has. */
export function toRule(draft: RuleDraft, taken: ReadonlySet<string>): AlertRule {
  const title = draft.title.trim();
  return {
    ...draft,
    ruleId: draft.ruleId === '' ? freeId(title, taken) : draft.ruleId,
    title,
    series: draft.series.trim(),
    limit: Number(draft.limit),
    forSeconds: Number(draft.forSeconds),
    note: draft.note.trim(),
  };
}

function freeId(title: string, taken: ReadonlySet<string>): string {
  const words = title
    .normalize('NFKD')
    .toLowerCase()
    .match(/[a-z0-9]+/g) ?? ['rule'];
  const id = words.join('-').slice(0, ID_CHARS_MAX - 4);
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? id : `${id}-${count}`;
    if (!taken.has(candidate)) return candidate;
  }
}

function numberOf(value: number | string): number | undefined {
  if (typeof value === 'string' && value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** What a draft will do, in one sentence. */
export function sentenceOf(draft: RuleDraft, info: SeriesInfo | undefined): string {
  const limit = numberOf(draft.limit);
  if (draft.series.trim() === '' || limit === undefined) return 'Fires when …';
  const amount = formatLimit(limit, displayUnit(info?.unit ?? ''));
  const seconds = numberOf(draft.forSeconds) ?? 0;
  const lasting = seconds > 0 ? ` for ${formatDuration(seconds * 1000)}` : ', at once';
  return `Fires when “${titleOf(draft.series.trim())}” is ${draft.comparison} ${amount}${lasting}.`;
}
