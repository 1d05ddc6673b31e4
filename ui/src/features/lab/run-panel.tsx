import { ActionIcon, Button, Progress } from '@mantine/core';
import { plural } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { useLab, useLabState } from './lab-context';
import type { RunKind, RunResult, RunState } from './run';

const NAMES: Record<RunKind, string> = { storm: 'Storm', replay: 'Replay' };

/** What a storm or a replay does, and what came of it. */
export function RunPanel() {
  const run = useLabState((state) => state.run);
  if (run.phase === 'idle') return null;
  return (
    <div className="panel lab-run" data-testid="lab-run" data-phase={run.phase}>
      <Said run={run} />
      <Actions run={run} />
    </div>
  );
}

function Said({ run }: { run: Exclude<RunState, { phase: 'idle' }> }) {
  switch (run.phase) {
    case 'making':
      return (
        <>
          <strong>{NAMES[run.kind]}</strong>
          <Progress
            flex={1}
            value={(100 * run.done) / Math.max(1, run.total)}
            aria-label={`${NAMES[run.kind]} under way`}
          />
          <span>
            {run.done} of {run.total} {run.kind === 'storm' ? 'commands' : 'steps'}
          </span>
        </>
      );
    case 'settling':
      return (
        <span role="status">
          <strong>{NAMES[run.kind]} over.</strong>{' '}
          {run.open > 0
            ? `Waiting for ${plural(run.open, 'answer')}`
            : 'Waiting for all clients to agree'}
          {run.waitsFor.length > 0 ? ` (${run.waitsFor.join(', ')})` : ''}…
        </span>
      );
    case 'checking':
      return <span role="status">Asking the server what it has…</span>;
    case 'failed':
      return (
        <span role="alert" className="lab-bad">
          {NAMES[run.kind]}: the result cannot be checked. {run.message}
        </span>
      );
    case 'done':
      return <Result result={run.result} />;
  }
}

function Result({ result }: { result: RunResult }) {
  const { lost, doubled, revived, agreed, convergedMs, checksum, serverChecksum } = result;
  const good = agreed && lost + doubled + revived === 0;
  return (
    <>
      <span
        role="status"
        className={good ? 'lab-good' : 'lab-bad'}
        data-testid="lab-result"
        data-lost={lost}
        data-agreed={agreed}
      >
        <strong>
          {convergedMs === undefined
            ? 'Not converged'
            : `Converged in ${Math.round(convergedMs).toLocaleString('en-GB')} ms`}
        </strong>
      </span>
      <dl className="lab-result">
        <Figure name={result.stopped ? 'Commands (stopped)' : 'Commands'} value={result.commands} />
        <Figure name="Applied" value={result.applied} />
        <Figure name="Merged" value={result.merged} />
        <Figure name="Conflicts" value={result.conflicts} />
        <Figure name="Rejected" value={result.rejected} />
        <Figure name="Lost" value={lost} bad={lost > 0} />
        <Figure name="Twice" value={doubled} bad={doubled > 0} />
        {revived > 0 ? <Figure name="Refused, yet there" value={revived} bad /> : null}
        <div>
          <dt>Server</dt>
          <dd className={agreed ? undefined : 'lab-bad'}>
            {agreed ? (
              <>
                has <span className="mono">{serverChecksum}</span> too
              </>
            ) : (
              <>
                has <span className="mono">{serverChecksum}</span>, {'Client A '}
                <span className="mono">{checksum}</span>
              </>
            )}
          </dd>
        </div>
      </dl>
    </>
  );
}

function Figure({ name, value, bad }: { name: string; value: number; bad?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={bad ? 'lab-bad' : undefined}>{value.toLocaleString('en-GB')}</dd>
    </div>
  );
}

function Actions({ run }: { run: RunState }) {
  const lab = useLab();
  if (run.phase === 'making' || run.phase === 'settling') {
    return (
      <Button variant="default" onClick={() => lab.stopRun()}>
        {run.phase === 'making' ? 'Stop' : 'Stop waiting'}
      </Button>
    );
  }
  if (run.phase === 'checking') return null;
  return (
    <ActionIcon aria-label="Close the result" onClick={() => lab.clearRun()}>
      <Icon name="close" size={13} />
    </ActionIcon>
  );
}
