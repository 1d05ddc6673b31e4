import { useLocalStorage } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useLive } from '../shared/live-context';
import { useRoute } from '../shared/route';
import { useRpcQuery } from '../shared/use-rpc';

const LIST_AGAIN_MS = 30_000;

export function useGraphs() {
  return useRpcQuery('graphs.list', {}, { refetchInterval: LIST_AGAIN_MS });
}

/** Reads the list again whenever the server says that it has changed. */
export function useFreshGraphs(): void {
  const client = useQueryClient();
  const revision = useLive((state) => state.graphsRevision);
  useEffect(() => {
    if (revision > 0) void client.invalidateQueries({ queryKey: ['graphs.list'] });
  }, [client, revision]);
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
