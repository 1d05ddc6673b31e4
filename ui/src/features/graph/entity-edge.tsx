import { BaseEdge, type EdgeProps, getBezierPath } from '@xyflow/react';
import { memo } from 'react';
import type { EntityEdge as FlowEntityEdge } from '../../graph/flow-model';
import { useMark } from './entity-node';

/** One edge: a curve with its label; its mark shows in its colour. */
export const EntityEdge = memo(function EntityEdge(props: EdgeProps<FlowEntityEdge>) {
  const [path, labelX, labelY] = getBezierPath(props);
  const mark = useMark(props.id);
  const state = props.selected ? ' edge-selected' : mark ? ` edge-${mark}` : '';
  return (
    <g
      className={`entity-edge${state}`}
      data-testid={mark === 'pending' ? `pending-${props.id}` : undefined}
    >
      <BaseEdge
        path={path}
        interactionWidth={12}
        markerEnd={props.markerEnd}
        label={props.data?.entity.label}
        labelX={labelX}
        labelY={labelY}
        labelShowBg
        labelBgPadding={[5, 2]}
        labelBgBorderRadius={3}
      />
    </g>
  );
});
