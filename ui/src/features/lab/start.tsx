import './start.css';
import { Alert, Button, Checkbox, Select } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiFailure } from '../../platform';
import { plural } from '../../shared/format';
import { useLive } from '../../shared/live-context';
import { usePlatform } from '../../shared/platform-context';
import { navigate } from '../../shared/route';
import { FailureBox, LoadingBox } from '../../shared/state-box';
import { toastFailure } from '../../shared/toasts';
import { useRpcQuery } from '../../shared/use-rpc';
import { makeScratchGraph, SCRATCH_PREFIX } from './lab-server';

/** Which graph the clients meet on. */
export function Start() {
  const environment = useLive((state) => state.environment);
  const readOnly = useReadOnlyProfile();
  const scratch = useScratchGraph();
  return (
    <div className="lab-start">
      <h1 className="page-title">Lab</h1>
      <p className="dim">
        Two to four clients side by side on one graph. Each has a connection, a replica and a queue
        of its own; its network can be slow, break or be gone. The server is the real one.
      </p>
      <EnvironmentWarning environment={environment} readOnly={readOnly} />
      <section className="panel lab-start-choice">
        <h2 className="section-title">A graph for this</h2>
        <p className="dim">
          Makes a graph “{SCRATCH_PREFIX}…” with twelve nodes, always the same ones: recordings fit.
        </p>
        <Button
          onClick={() => scratch.mutate()}
          loading={scratch.isPending}
          disabled={readOnly}
          data-testid="lab-scratch"
        >
          New scratch graph
        </Button>
      </section>
      <ExistingGraph
        needsConsent={environment === 'production'}
        readOnly={readOnly}
        key={environment}
      />
    </div>
  );
}

function EnvironmentWarning(props: { environment: string | undefined; readOnly: boolean }) {
  if (props.readOnly) {
    return (
      <Alert color="yellow" title="This profile is read-only">
        Lab clients would have nothing to do here. Choose another profile in the settings.
      </Alert>
    );
  }
  if (props.environment !== 'production') return null;
  return (
    <Alert color="red" title="This is production">
      A storm costs real work here: use a scratch graph, and delete it afterwards.
    </Alert>
  );
}

function ExistingGraph({ needsConsent, readOnly }: { needsConsent: boolean; readOnly: boolean }) {
  const { data, error, refetch } = useRpcQuery('graphs.list', {});
  const [graphId, setGraphId] = useState<string | null>(null);
  const [consent, setConsent] = useState(false);
  if (error) {
    return (
      <FailureBox
        title="The list of graphs cannot be read"
        cause={error}
        onRetry={() => void refetch()}
      />
    );
  }
  if (data === undefined) return <LoadingBox what="the graphs" />;
  const allowed = graphId !== null && !readOnly && (consent || !needsConsent);
  return (
    <section className="panel lab-start-choice">
      <h2 className="section-title">A graph that exists</h2>
      <p className="dim">Everybody who has it open sees what the Lab does to it.</p>
      {data.graphs.length === 0 ? (
        <p className="dim">There is none yet.</p>
      ) : (
        <div className="lab-start-line">
          <Select
            aria-label="Graph"
            placeholder="Choose a graph"
            searchable
            w={320}
            value={graphId}
            onChange={setGraphId}
            data={data.graphs.map(({ graphId: value, name, nodes }) => ({
              value,
              label: `${name} (${plural(nodes, 'node')})`,
            }))}
          />
          <Button
            variant="default"
            disabled={!allowed}
            onClick={() => graphId !== null && navigate('lab', graphId)}
          >
            Open
          </Button>
        </div>
      )}
      {needsConsent && data.graphs.length > 0 ? (
        <Checkbox
          label="I may change graphs in production"
          checked={consent}
          onChange={(event) => setConsent(event.currentTarget.checked)}
        />
      ) : null}
    </section>
  );
}

function useScratchGraph() {
  const platform = usePlatform();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => makeScratchGraph(platform),
    onSuccess: async (graphId) => {
      await client.invalidateQueries({ queryKey: ['graphs.list'] });
      navigate('lab', graphId);
    },
    onError: (cause) => toastFailure('The scratch graph was not made', ApiFailure.from(cause)),
  });
}

/** Hosts without profiles leave it to the server and the token's role. */
function useReadOnlyProfile(): boolean {
  const { profiles } = usePlatform();
  const { data } = useQuery({
    queryKey: ['profiles'],
    queryFn: () => profiles?.list() ?? null,
    enabled: profiles !== undefined,
  });
  return data?.profiles.find(({ id }) => id === data.activeId)?.readOnly ?? false;
}
