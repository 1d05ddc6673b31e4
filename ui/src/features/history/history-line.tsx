import { Button } from '@mantine/core';
import type { ConflictNote } from '../../generated/ConflictNote';
import type { Effect } from '../../generated/Effect';
import type { HistoryPage } from '../../generated/HistoryPage';
import type { GraphSession } from '../../graph/graph-session';
import type { Skipped } from '../../protocol';
import { requestFocus } from '../../shared/focus-request';
import { formatClock, plural } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { resolutionOf } from '../../shared/strategies';
import { ChangedValue } from '../../shared/value-diff';
import { describeEntry, type NameOf, nameInValues } from './describe';
import type { Line } from './grouping';
import { showHistoryOf } from './history-state';
import { openRestore } from './restore';

const EFFECTS_SHOWN_MAX = 20;

interface Props {
  session: GraphSession;
  line: Line;
  head: HistoryPage;
  undone: ReadonlyMap<number, number>;
  open: boolean;
  onToggle: (key: number) => void;
}

/** One operation in a line; opened, what each value was and became. */
export function HistoryLine({ session, line, head, undone, open, onToggle }: Props) {
  const [newest] = line.entries;
  if (newest === undefined) return null;
  const nameOf = namesIn(session);
  const steps = line.entries.length;
  const takenBack = undone.get(newest.version);
  const troubled = newest.conflicts.length + newest.skipped.length;
  return (
    <div className="history-item" data-undone={takenBack !== undefined}>
      <button
        type="button"
        className="history-line"
        aria-expanded={open}
        data-testid={`history-${newest.version}`}
        onClick={() => onToggle(line.key)}
      >
        <span className="history-what">
          {describeEntry({ ...newest, effects: line.effects }, nameOf)}
        </span>
        {steps > 1 ? <span className="dim">{steps} steps</span> : null}
        {takenBack === undefined ? null : <span className="state-mark">undone</span>}
        {troubled > 0 ? (
          <span
            className="history-trouble"
            role="img"
            aria-label="with conflicts, or with things left as they are"
          >
            <Icon name="warning" size={13} />
          </span>
        ) : null}
        <span className="dim history-version">{newest.version}</span>
      </button>
      {open ? <Opened session={session} line={line} head={head} takenBack={takenBack} /> : null}
    </div>
  );
}

/** Things have the names of today, but what came or went has the name that it came or went with. */
function namesIn(session: GraphSession): NameOf {
  return (effect) => {
    const { kind, entity, entityId } = effect;
    const now = nameNow(session, entityId);
    const then = nameInValues(effect);
    const whole = entity !== 'edge' && (kind === 'created' || kind === 'deleted');
    return (whole ? (then ?? now) : (now ?? then)) ?? entityId ?? '';
  };
}

function nameNow(session: GraphSession, id: string | undefined): string | undefined {
  if (id === undefined) return undefined;
  const title = session.replica.node(id)?.title;
  if (title) return title;
  const edge = session.replica.edge(id);
  if (edge === undefined) return undefined;
  const end = (node: string) => session.replica.node(node)?.title || node;
  return `${end(edge.source)} → ${end(edge.target)}`;
}

function Opened(props: {
  session: GraphSession;
  line: Line;
  head: HistoryPage;
  takenBack: number | undefined;
}) {
  const { session, line, head, takenBack } = props;
  const newest = line.entries[0];
  const oldest = line.entries.at(-1);
  if (newest === undefined || oldest === undefined) return null;
  const more = newest.moreEffects + Math.max(0, line.effects.length - EFFECTS_SHOWN_MAX);
  return (
    <div className="history-opened">
      <div className="dim">
        {oldest === newest
          ? `Version ${newest.version}`
          : `Versions ${oldest.version} to ${newest.version}`}
        , {formatClock(newest.at)}
        {newest.clientId ? <span className="mono"> · {newest.clientId}</span> : null}
        {takenBack === undefined ? '' : ` · taken back by version ${takenBack}`}
      </div>
      <ul className="history-effects">
        {line.effects.slice(0, EFFECTS_SHOWN_MAX).map((effect) => (
          <li key={`${effect.kind}/${effect.entityId}/${effect.field}`}>
            <EffectView session={session} effect={effect} />
          </li>
        ))}
      </ul>
      {more > 0 ? <div className="dim">and {plural(more, 'more effect')}</div> : null}
      <Notes notes={newest.conflicts} session={session} />
      <SkippedList skipped={newest.skipped} session={session} />
      {newest.version < head.currentVersion ? (
        <Button
          size="compact-xs"
          variant="default"
          disabled={newest.version < head.oldestVersion}
          onClick={() => openRestore(session.graphId, newest, head)}
        >
          Restore version {newest.version}…
        </Button>
      ) : null}
    </div>
  );
}

function EffectView({ session, effect }: { session: GraphSession; effect: Effect }) {
  const { entityId, entity, field, before, after } = effect;
  const name = namesIn(session)(effect);
  if (effect.kind === 'conflict_settled') return <Settlement choice={before} value={after} />;
  return (
    <>
      <div className="history-effect-head">
        {field === undefined ? null : <strong>{field}</strong>}
        {entityId === undefined ? null : (
          <>
            {field === undefined ? null : <span className="dim">of</span>}
            <button
              type="button"
              className="link-button"
              title={`Show ${entity} ${entityId} on the canvas`}
              onClick={() => requestFocus(session.graphId, entityId)}
            >
              {name}
            </button>
            <button
              type="button"
              className="link-button history-same"
              onClick={() => showHistoryOf(entityId)}
            >
              its history
            </button>
          </>
        )}
      </div>
      <Change field={field} before={before} after={after} />
    </>
  );
}

function Settlement({ choice, value }: { choice: unknown; value: unknown }) {
  return (
    <>
      <div className="history-effect-head">
        <strong>conflict</strong> <span className="dim">settled as {String(choice)}</span>
      </div>
      {value === null || value === undefined ? null : <ChangedValue before={null} after={value} />}
    </>
  );
}

function Change({ field, before, after }: Pick<Effect, 'field' | 'before' | 'after'>) {
  const short = [before, after].map(shortOf);
  if (field !== 'title' && short.every((text) => text !== undefined)) {
    return (
      <p className="history-short">
        <del>{short[0]}</del> → <ins>{short[1]}</ins>
      </p>
    );
  }
  if (after === null || after === undefined) {
    return (
      <div className="history-gone">
        <ChangedValue before={null} after={before} />
      </div>
    );
  }
  return <ChangedValue before={before} after={after} />;
}

/** Numbers, truth values, places and sizes: they say more side by side than as a diff. */
function shortOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return 'not set';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object') return undefined;
  const pairs = Object.entries(value);
  const numbers = pairs.length > 0 && pairs.every(([, part]) => typeof part === 'number');
  if (!numbers || pairs.length > 2) return undefined;
  return pairs.map(([, part]) => Number((part as number).toFixed(1))).join(', ');
}

function Notes({ notes, session }: { notes: readonly ConflictNote[]; session: GraphSession }) {
  if (notes.length === 0) return null;
  return (
    <ul className="history-notes" aria-label="Conflicts met">
      {notes.map(({ entityId, field, resolution, winner }) => (
        <li key={`${entityId}/${field}`}>
          Conflict on <strong>{field}</strong> of {nameNow(session, entityId) ?? entityId}:{' '}
          {resolutionOf(resolution).label.toLowerCase()}
          {resolution === 'manual' ? '' : `, kept: ${winner}`}
        </li>
      ))}
    </ul>
  );
}

function SkippedList({ skipped, session }: { skipped: readonly Skipped[]; session: GraphSession }) {
  if (skipped.length === 0) return null;
  return (
    <ul className="history-notes" aria-label="Left as it is">
      {skipped.map(({ entityId, field, reason }) => (
        <li key={`${entityId}/${field ?? ''}`}>
          Left as it is: {field ? <strong>{field} </strong> : null}
          {field ? 'of ' : ''}
          {nameNow(session, entityId) ?? entityId}: {reason}
        </li>
      ))}
    </ul>
  );
}
