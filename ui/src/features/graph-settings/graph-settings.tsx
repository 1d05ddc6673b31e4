import './graph-settings.css';
import { Button, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import type { GraphSettingsView } from '../../generated/GraphSettingsView';
import { formatDateTime } from '../../shared/format';
import { Freshness } from '../../shared/freshness';
import { FailureBox, LoadingBox } from '../../shared/state-box';
import { useRpcQuery } from '../../shared/use-rpc';
import { PolicyTable } from './policy-table';
import { Sharing } from './sharing';
import { Snapshots } from './snapshots';
import { useChange } from './use-change';

const AGAIN_MS = 3_000;
const NAME_CHARS_MAX = 200;

export function GraphSettings({ graphId }: { graphId: string }) {
  const query = useRpcQuery('graph.settings', { graphId }, { refetchInterval: AGAIN_MS });
  const { data, error } = query;
  if (data === undefined) {
    if (!error) return <LoadingBox what="the settings" />;
    return (
      <FailureBox
        title="The settings cannot be read"
        cause={error}
        onRetry={() => void query.refetch()}
      />
    );
  }
  const readOnly = data.access !== 'admin';
  return (
    <div className="graph-settings" data-testid="graph-settings">
      {readOnly ? (
        <p className="panel notice" role="note">
          Read only: your role in this graph is <strong>{data.access}</strong>. Only its owner,
          people with the role admin, and operators change what stands here.
        </p>
      ) : null}
      <Part title="Name" about={`Owned by ${data.graph.ownerId}.`}>
        <Name view={data} readOnly={readOnly} />
      </Part>
      <Part
        title="Sharing"
        about="Who may do what. A change counts at once, also for open windows."
      >
        <Sharing view={data} readOnly={readOnly} />
      </Part>
      <Part
        title="Conflicts"
        about="What happens to a field that two people write without having seen each other."
      >
        <PolicyTable view={data} readOnly={readOnly} />
      </Part>
      <Part title="Snapshots" about="The whole graph at a version, kept apart from it.">
        <Snapshots graphId={graphId} />
      </Part>
      <footer className="dim">
        <span>
          <span className="mono">{data.graph.graphId}</span>, made{' '}
          {formatDateTime(data.graph.createdAt)}
        </span>
        <span style={{ flex: 1 }} />
        <Freshness reading={query} everyMs={AGAIN_MS} />
      </footer>
    </div>
  );
}

function Part(props: { title: string; about: string; children: ReactNode }) {
  return (
    <section aria-label={props.title}>
      <h3 className="section-title">{props.title}</h3>
      <p className="dim">{props.about}</p>
      {props.children}
    </section>
  );
}

function Name({ view, readOnly }: { view: GraphSettingsView; readOnly: boolean }) {
  const { graphId, name: stored } = view.graph;
  const [typed, setTyped] = useState<string>();
  const { change, isPending } = useChange(graphId, 'The graph was not renamed');
  const name = typed ?? stored;
  const trimmed = name.trim();
  // Somebody else may have given the very name that was being typed.
  useEffect(() => {
    if (typed !== undefined && typed.trim() === stored) setTyped(undefined);
  }, [typed, stored]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (trimmed === '' || trimmed === stored) return;
    change('UPDATE_GRAPH', { name: trimmed });
  };
  const elsewhere = typed !== undefined && trimmed !== stored;
  return (
    <form className="settings-line" onSubmit={submit}>
      <TextInput
        aria-label="Name of the graph"
        w={340}
        maxLength={NAME_CHARS_MAX}
        value={name}
        readOnly={readOnly}
        error={trimmed === '' ? 'A graph needs a name' : undefined}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {readOnly ? null : (
        <Button type="submit" loading={isPending} disabled={!elsewhere || trimmed === ''}>
          Rename
        </Button>
      )}
      {elsewhere && !readOnly ? <span className="dim">now “{stored}”</span> : null}
    </form>
  );
}
