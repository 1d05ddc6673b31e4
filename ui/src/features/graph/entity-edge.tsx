import {
  BaseEdge,
  EdgeLabelRenderer,
  type EdgeProps,
  type InternalNode,
  useInternalNode,
} from '@xyflow/react';
import { memo } from 'react';
import type { EntityNode, EntityEdge as FlowEntityEdge } from '../../graph/flow-model';
import { type Box, lineBetween } from '../../graph/geometry';
import { ContestedMark } from './conflict-choice';
import { useMark } from './entity-node';

/** One edge: a line from border to border with its label; its mark shows in its colour. */
export const EntityEdge = memo(function EntityEdge(props: EdgeProps<FlowEntityEdge>) {
  const source = useInternalNode<EntityNode>(props.source);
  const target = useInternalNode<EntityNode>(props.target);
  const mark = useMark(props.id);
  const line = source && target && lineBetween(boxOf(source), boxOf(target));
  if (line === undefined) return null;
  const [from, to] = line;
  const state = props.selected ? ' edge-selected' : mark ? ` edge-${mark}` : '';
  return (
    <g
      className={`entity-edge${state}`}
      data-testid={mark === 'pending' ? `pending-${props.id}` : undefined}
    >
      <BaseEdge
        path={`M${from.x},${from.y}L${to.x},${to.y}`}
        interactionWidth={12}
        markerEnd={props.markerEnd}
        label={props.data?.entity.label}
        labelX={(from.x + to.x) / 2}
        labelY={(from.y + to.y) / 2}
        labelShowBg
        labelBgPadding={[5, 2]}
        labelBgBorderRadius={3}
      />
      {mark === 'contested' ? (
        <EdgeLabelRenderer>
          <div
            className="contested-edge-mark"
            style={{
              transform: `translate(${(from.x + to.x) / 2}px, ${(from.y + to.y) / 2}px)`,
            }}
          >
            <ContestedMark id={props.id} />
          </div>
        </EdgeLabelRenderer>
      ) : null}
    </g>
  );
});

function boxOf(node: InternalNode<EntityNode>): Box {
  const { x, y } = node.internals.positionAbsolute;
  return { x, y, width: node.measured.width ?? 0, height: node.measured.height ?? 0 };
}
