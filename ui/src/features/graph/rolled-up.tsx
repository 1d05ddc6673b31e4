import { useEffect } from 'react';
import { create } from 'zustand';
import type { NodeProgress } from '../../generated/NodeProgress';
import { useRpcQuery } from '../../shared/use-rpc';
import { useCanvasSession } from './canvas-state';

/** How often it is asked whether something was rolled up anew. */
const AGAIN_MS = 5_000;

interface RolledUp {
  version: number | null;
  nodes: ReadonlyMap<string, NodeProgress>;
}

const NOTHING: RolledUp = { version: null, nodes: new Map() };

/** What the server rolled up along the edges; no part of the graph, so it is not in the replica. */
const useRolledUp = create<RolledUp>(() => NOTHING);

/** Keeps what was rolled up of the open graph. Shows nothing itself. */
export function RolledUpSource() {
  const { graphId } = useCanvasSession();
  const { data } = useRpcQuery('graph.progress', { graphId }, { refetchInterval: AGAIN_MS });
  useEffect(() => {
    if (data === undefined) return;
    const nodes = new Map(data.nodes.map((node) => [node.id, node]));
    useRolledUp.setState({ version: data.version, nodes });
  }, [data]);
  useEffect(() => () => useRolledUp.setState(NOTHING), []);
  return null;
}

/** A thin bar on a node that has parts. */
export function RolledUpLine({ id }: { id: string }) {
  const percent = useRolledUp(({ nodes }) => percentOf(nodes.get(id)));
  const parts = useRolledUp(({ nodes }) => nodes.get(id)?.parts);
  // Only nodes that show a bar are drawn anew when the version goes on.
  const version = useRolledUp((state) => (state.nodes.has(id) ? state.version : null));
  if (percent === undefined || parts === undefined) return null;
  const from = `rolled up from ${parts} ${parts === 1 ? 'node' : 'nodes'} at version ${version}`;
  return (
    <div
      className="entity-progress entity-rolled-up"
      data-testid={`rolled-up-${id}`}
      role="progressbar"
      aria-label="Rolled-up progress"
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      title={`${percent} %, ${from}`}
    >
      <div style={{ width: `${percent}%` }} />
    </div>
  );
}

function percentOf(node: NodeProgress | undefined): number | undefined {
  return node === undefined ? undefined : Math.round(100 * node.progress);
}
