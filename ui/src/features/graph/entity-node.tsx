import { Handle, type NodeProps, Position } from '@xyflow/react';
import { type KeyboardEvent, memo, useCallback, useRef, useSyncExternalStore } from 'react';
import { renameNode } from '../../graph/edits';
import type { EntityNode as FlowEntityNode } from '../../graph/flow-model';
import { startRename, stopRename, useCanvasSession, useCanvasState } from './canvas-state';
import { ContestedMark } from './conflict-choice';
import { kindColor } from './kind-color';
import { RolledUpLine } from './rolled-up';

/** One node: a card with its title, or a plain block when seen from afar. */
export const EntityNode = memo(function EntityNode(props: NodeProps<FlowEntityNode>) {
  const { id, data, selected } = props;
  const { entity } = data;
  const low = useCanvasState((state) => state.detail === 'low');
  const color = kindColor(entity.kind);
  return (
    <div
      className={`entity${selected ? ' entity-selected' : ''}${low ? ' entity-low' : ''}`}
      style={{ '--kind': color } as React.CSSProperties}
      data-testid={`graph-node-${id}`}
      title={low ? entity.title : undefined}
    >
      <Handle type="target" position={Position.Top} className="entity-handle" />
      {low ? null : <Title id={id} title={entity.title} kind={entity.kind} />}
      {entity.progress !== undefined && !low ? <ProgressLine value={entity.progress} /> : null}
      {low ? null : <RolledUpLine id={id} />}
      <MarkDot id={id} />
      <Handle type="source" position={Position.Bottom} className="entity-handle" />
    </div>
  );
});

function Title({ id, title, kind }: { id: string; title: string; kind: string }) {
  const renaming = useCanvasState((state) => state.renaming === id);
  const session = useCanvasSession();
  if (renaming) return <TitleInput id={id} title={title} />;
  return (
    // Renaming is also on F2 and in the command palette: the double-click is a shortcut for hands.
    // biome-ignore lint/a11y/noStaticElementInteractions: keyboard path is F2 on the focused node
    <div
      className="entity-title"
      title={`${title}\n${kind}`}
      onDoubleClick={(event) => {
        event.stopPropagation();
        if (!session.readOnly) startRename(id);
      }}
    >
      {title || <span className="dim">untitled</span>}
    </div>
  );
}

/** Enter or leaving the field keeps the title, Escape does not. */
function TitleInput({ id, title }: { id: string; title: string }) {
  const session = useCanvasSession();
  const cancelled = useRef(false);
  const finish = (value: string) => {
    const wanted = value.trim();
    if (!cancelled.current && wanted !== '') renameNode(session, id, wanted);
    stopRename();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    event.stopPropagation();
    if (event.key === 'Escape') cancelled.current = true;
    if (event.key === 'Escape' || event.key === 'Enter') event.currentTarget.blur();
  };
  return (
    <input
      ref={focusAndSelect}
      className="entity-input nodrag nopan"
      aria-label="Title"
      defaultValue={title}
      onKeyDown={onKeyDown}
      onBlur={(event) => finish(event.currentTarget.value)}
    />
  );
}

function focusAndSelect(input: HTMLInputElement | null): void {
  input?.focus({ preventScroll: true });
  input?.select();
}

function ProgressLine({ value }: { value: number }) {
  const percent = Math.round(100 * Math.min(1, Math.max(0, value)));
  return (
    <div
      className="entity-progress"
      role="progressbar"
      aria-label="Progress"
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <div style={{ width: `${percent}%` }} />
    </div>
  );
}

/** A quiet dot while unconfirmed; a sign with the reason when a change was not accepted. */
function MarkDot({ id }: { id: string }) {
  const session = useCanvasSession();
  const mark = useMark(id);
  if (mark === undefined) return null;
  if (mark === 'contested') return <ContestedMark id={id} />;
  if (mark === 'pending') {
    return (
      <span className="mark-pending" data-testid={`pending-${id}`} title="Not confirmed yet" />
    );
  }
  const item = session.status.getState().attention.find(({ targets }) => targets.includes(id));
  return (
    <span
      className="mark-attention"
      data-testid={`attention-${id}`}
      role="img"
      aria-label="Needs attention"
      title={item?.message ?? 'Needs attention'}
    >
      !
    </span>
  );
}

export function useMark(id: string) {
  const { marks } = useCanvasSession();
  const subscribe = useCallback(
    (listener: () => void) => marks.subscribe(id, listener),
    [marks, id],
  );
  return useSyncExternalStore(subscribe, () => marks.get(id));
}
