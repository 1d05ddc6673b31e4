import { useLocalStorage } from '@mantine/hooks';
import { useEffect } from 'react';
import { useRoute } from '../shared/route';
import { useRpcQuery } from '../shared/use-rpc';

const LIST_AGAIN_MS = 15_000;

export function useGraphs() {
  return useRpcQuery('graphs.list', {}, { refetchInterval: LIST_AGAIN_MS });
}

/** The graph of the address, else the one open last, else the first there is. */
export function useCurrentGraph(): string | undefined {
  const route = useRoute();
  const { data } = useGraphs();
  const [last, setLast] = useLocalStorage<string | undefined>({
    key: 'graphy.graph',
    getInitialValueInEffect: false,
  });
  useEffect(() => {
    if (route.graphId !== undefined) setLast(route.graphId);
  }, [route.graphId, setLast]);
  if (route.graphId !== undefined) return route.graphId;
  const graphs = data?.graphs;
  if (graphs === undefined) return undefined;
  return graphs.find(({ graphId }) => graphId === last)?.graphId ?? graphs[0]?.graphId;
}
