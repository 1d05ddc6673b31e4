import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { JobPart } from '../../generated/JobPart';
import type { JobRef } from '../../generated/JobRef';
import type { JobText } from '../../generated/JobText';
import { formatBytes } from '../../shared/format';
import { useRpcQuery } from '../../shared/use-rpc';
import { bytesOf, type Layout, layOut, looksLikeJson, START } from './json-text';
import { figure } from './wording';

/** A piece that was loaded: where it begins, and how the layout stood there. */
interface Piece {
  offset: number;
  layout: Layout;
}

const FIRST: Piece = { offset: 0, layout: START };

interface Props {
  job: JobRef;
  part: JobPart;
  title: string;
  text: JobText;
}

/**
 * A value of a job. A large one is gone through piece by piece, and only the piece that is looked at
 * is on the page.
 */
export function JobTextView({ job, part, title, text }: Props) {
  const [pieces, setPieces] = useState<readonly Piece[]>([FIRST]);
  const piece = pieces.at(-1) ?? FIRST;
  const later = useRpcQuery(
    'queues.job_text',
    { ...job, part, offset: piece.offset },
    { enabled: piece.offset > 0, staleTime: Number.POSITIVE_INFINITY, gcTime: 0 },
  );
  const shown = piece.offset === 0 ? text : later.data;
  const json = useMemo(() => looksLikeJson(text.text, text.cut), [text.text, text.cut]);
  const laidOut = useMemo(() => {
    const raw = shown?.text ?? '';
    return json ? layOut(raw, piece.layout) : { text: raw, end: START };
  }, [json, shown, piece.layout]);
  const end = piece.offset + (shown === undefined ? 0 : bytesOf(shown.text));
  const forward = () => setPieces((before) => [...before, { offset: end, layout: laidOut.end }]);
  return (
    <section className="job-text" aria-label={title}>
      <header>
        <h3 className="section-title">{title}</h3>
        <span className="dim">{formatBytes(text.bytes)}</span>
        {text.cut ? (
          <Pages
            {...{ piece, end, bytes: text.bytes }}
            loading={shown === undefined && !later.isError}
            back={() => setPieces((before) => before.slice(0, -1))}
            forward={forward}
          />
        ) : null}
      </header>
      {later.isError && shown === undefined ? (
        <p className="bad" role="alert">
          This piece cannot be read: {later.error.message}
        </p>
      ) : (
        <pre className="mono" data-testid={`job-${part}`}>
          {shown === undefined ? 'Loading…' : laidOut.text || ' '}
        </pre>
      )}
    </section>
  );
}

function Pages(props: {
  piece: Piece;
  end: number;
  bytes: number;
  loading: boolean;
  back: () => void;
  forward: () => void;
}) {
  const { piece, end, bytes, loading, back, forward } = props;
  return (
    <>
      <span className="dim" role="status">
        {loading
          ? 'loading…'
          : `bytes ${figure(piece.offset + 1)} to ${figure(end)} of ${figure(bytes)}`}
      </span>
      <span className="push" />
      <Button size="compact-xs" variant="default" disabled={piece.offset === 0} onClick={back}>
        Piece before
      </Button>
      <Button
        size="compact-xs"
        variant="default"
        disabled={loading || end >= bytes}
        onClick={forward}
      >
        Load the next piece
      </Button>
    </>
  );
}
