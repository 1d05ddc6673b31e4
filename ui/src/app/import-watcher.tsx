import './import-watcher.css';
import { Button, CloseButton, Progress } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { ImportProgress } from '../protocol';
import { useLive } from '../shared/live-context';
import { forgetOwnImport, useOwnImports } from '../shared/own-imports';
import { navigate } from '../shared/route';
import { toast } from '../shared/toasts';
import { useRpcMutation } from '../shared/use-rpc';

/** Shows imports under way, wherever the person is; opens a graph that this window imported. */
export function ImportWatcher() {
  const imports = useLive((state) => state.imports);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  useFinishedImports(imports);
  const shown = [...imports.values()].filter(
    ({ importId, state }) => !hidden.has(importId) && (state === 'running' || state === 'failed'),
  );
  if (shown.length === 0) return null;
  return (
    <section className="imports" aria-label="Imports">
      {shown.map((progress) => (
        <ImportCard
          key={progress.importId}
          progress={progress}
          onHide={() => setHidden(new Set([...hidden, progress.importId]))}
        />
      ))}
    </section>
  );
}

function ImportCard(props: { progress: ImportProgress; onHide: () => void }) {
  const { importId, name, done, total, state, error } = props.progress;
  const cancel = useRpcMutation('imports.cancel', 'The import was not cancelled');
  const share = total === 0 ? 0 : (100 * done) / total;
  if (state === 'failed') {
    return (
      <div className="panel import-card" role="alert">
        <div className="import-head">
          <strong>{name} was not imported</strong>
          <CloseButton size="sm" aria-label="Dismiss" onClick={props.onHide} />
        </div>
        <div className="import-error">{error ?? 'The server gave no reason.'}</div>
      </div>
    );
  }
  return (
    <div className="panel import-card">
      <div className="import-head">
        <strong>Importing {name}</strong>
        <Button
          size="compact-xs"
          variant="default"
          loading={cancel.isPending}
          onClick={() => cancel.mutate({ importId })}
        >
          Cancel
        </Button>
      </div>
      <Progress value={share} aria-label={`Import of ${name}`} transitionDuration={120} />
      <div className="dim import-count">
        {done.toLocaleString('en-GB')} of {total.toLocaleString('en-GB')}
      </div>
    </div>
  );
}

/** The answer that names an import may come after its end, so both are looked at together. */
function useFinishedImports(imports: ReadonlyMap<string, ImportProgress>): void {
  const client = useQueryClient();
  const own = useOwnImports((state) => state.ids);
  const told = useRef(new Set<string>());
  useEffect(() => {
    for (const { importId, graphId, name, state } of imports.values()) {
      if (state === 'running') continue;
      if (state === 'done' && !told.current.has(importId)) {
        told.current.add(importId);
        void client.invalidateQueries({ queryKey: ['graphs.list'] });
      }
      if (!own.has(importId)) continue;
      forgetOwnImport(importId);
      if (state === 'done') {
        toast('Imported', name);
        navigate('graph', graphId);
      } else if (state === 'cancelled') toast('Import cancelled', 'Nothing was kept.');
    }
  }, [imports, own, client]);
}
