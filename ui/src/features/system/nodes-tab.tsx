import { plural } from '../../shared/format';
import { Freshness } from '../../shared/freshness';
import { NotRead, StateBox } from '../../shared/state-box';
import { useRpcQuery } from '../../shared/use-rpc';
import { NodeCard } from './node-card';

const AGAIN_MS = 3_000;

/** Every server node, as it described itself. */
export function NodesTab() {
  const query = useRpcQuery('system.nodes', {}, { refetchInterval: AGAIN_MS, staleTime: 0 });
  const { data } = query;
  if (data === undefined) return <NotRead what="the nodes" reading={query} />;
  if (data.nodes.length === 0) {
    return <StateBox title="No nodes">No server node has described itself.</StateBox>;
  }
  return (
    <>
      <div className="nodes-head">
        <span className="dim">{plural(data.nodes.length, 'node')}</span>
        <Freshness reading={query} everyMs={AGAIN_MS} />
      </div>
      {data.othersUnknown && (
        <p className="dim" role="status">
          Other nodes are not known now: {data.othersUnknown}.
        </p>
      )}
      {data.nodes.map((node) => (
        <NodeCard
          key={node.nodeId}
          node={node}
          isHere={node.nodeId === data.here}
          readAt={data.at}
        />
      ))}
    </>
  );
}
