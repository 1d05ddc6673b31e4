import './value-diff.css';
import { useMemo } from 'react';
import { type Piece, wordDiff } from './word-diff';

/** More of a value is not drawn: a page that draws megabytes of text stands still. */
const SHOWN_CHARS_MAX = 20_000;

interface Props {
  /** What both started from; `null` if nobody knows or nothing was there. */
  base: unknown;
  mine: unknown;
  theirs: unknown;
  /** What to call the sides, such as the names of the people. */
  labels?: { base?: string; mine?: string; theirs?: string };
  /** `rows` puts the sides below each other, for narrow places. */
  layout?: 'columns' | 'rows';
}

/** Three versions of one value side by side; both sides show what they made of the base. */
export function ValueDiff({ base, mine, theirs, labels = {}, layout = 'columns' }: Props) {
  const before = valueText(base);
  return (
    <div className="value-diff" data-layout={layout}>
      <Side name={labels.base ?? 'Base'} value={base} />
      <Side name={labels.mine ?? 'Mine'} value={mine} before={before} />
      <Side name={labels.theirs ?? 'Theirs'} value={theirs} before={before} />
    </div>
  );
}

/** One value, and how it came out of another one if `before` is given. */
export function ChangedValue({ before, after }: { before: unknown; after: unknown }) {
  return <Content value={after} before={valueText(before)} />;
}

/** A value as people read it: texts as they are, the rest as JSON; `''` where there is none. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

function Side(props: { name: string; value: unknown; before?: string }) {
  return (
    <section className="value-side" aria-label={props.name}>
      <h4>{props.name}</h4>
      <Content value={props.value} before={props.before} />
    </section>
  );
}

function Content({ value, before }: { value: unknown; before?: string }) {
  const text = valueText(value);
  const pieces = useMemo<Piece[]>(() => {
    const shown = text.slice(0, SHOWN_CHARS_MAX);
    if (before === undefined || before === '') return [{ kind: 'same', text: shown }];
    return wordDiff(before.slice(0, SHOWN_CHARS_MAX), shown);
  }, [text, before]);
  if (value === null || value === undefined) return <p className="value-none">not set</p>;
  if (text === '') return <p className="value-none">empty</p>;
  return (
    <p className="value-text" data-plain={typeof value === 'string' || undefined}>
      {keyed(pieces).map(({ key, kind, text: words }) => {
        if (kind === 'removed') return <del key={key}>{words}</del>;
        if (kind === 'added') return <ins key={key}>{words}</ins>;
        return <span key={key}>{words}</span>;
      })}
      {text.length > SHOWN_CHARS_MAX ? (
        <span className="value-none"> … {text.length - SHOWN_CHARS_MAX} more characters</span>
      ) : null}
    </p>
  );
}

/** A piece is known by where it begins. */
function keyed(pieces: readonly Piece[]) {
  let from = 0;
  return pieces.map((piece) => {
    const key = `${piece.kind}${from}`;
    from += piece.text.length;
    return { ...piece, key };
  });
}
