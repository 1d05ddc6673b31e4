import { Button, NumberInput, SegmentedControl, Tooltip } from '@mantine/core';
import { useCallback, useState, useSyncExternalStore } from 'react';
import { useGraphStatus } from '../../shared/active-session';
import { openDeleteGraph } from '../../shared/graph-dialogs';
import { useLive } from '../../shared/live-context';
import { hrefOf } from '../../shared/route';
import type { LabClient } from './lab-client';
import { useLab, useLabState, useNothingToDo, useRunning } from './lab-context';
import { SCRATCH_PREFIX } from './lab-server';
import { CLIENTS_MAX, CLIENTS_MIN } from './recording';
import { together } from './run';
import { STORM_RANGES, type StormOptions } from './storm';
import { TapeTools } from './tape-tools';

const COUNTS = Array.from({ length: CLIENTS_MAX - CLIENTS_MIN + 1 }, (_, at) => CLIENTS_MIN + at);

/** What concerns all clients: how many, whether they agree, storms, recordings. */
export function LabBar() {
  const lab = useLab();
  const running = useRunning();
  const clients = useLabState((state) => state.clients);
  const environment = useLive((state) => state.environment);
  const [first] = clients;
  return (
    <div className="lab-bar">
      <div className="lab-bar-line">
        <h1 className="page-title">Lab</h1>
        {first ? <GraphName client={first} /> : null}
        {environment === 'production' ? <span className="lab-bad">production</span> : null}
        <SegmentedControl
          size="xs"
          aria-label="How many clients"
          value={String(clients.length)}
          onChange={(value) => lab.setCount(Number(value))}
          disabled={running}
          data={COUNTS.map((count) => ({ value: String(count), label: `${count} clients` }))}
        />
        {clients.length > 0 ? <Verdict clients={clients} /> : null}
        <a className="lab-link" href={hrefOf('graph', lab.graphId)}>
          Open on the Graph page
        </a>
        {first ? <DeleteScratch client={first} /> : null}
        <a className="lab-link" href={hrefOf('lab')}>
          Another graph
        </a>
      </div>
      <div className="lab-bar-line">
        <StormTools />
        <TapeTools />
      </div>
    </div>
  );
}

function GraphName({ client }: { client: LabClient }) {
  const name = useGraphStatus(client.session, (status) => status.meta?.name);
  return <span className="lab-graph-name">{name ?? client.session.graphId}</span>;
}

/** Only graphs that the Lab has made: others are not its to delete. */
function DeleteScratch({ client }: { client: LabClient }) {
  const { graphId } = client.session;
  const name = useGraphStatus(client.session, (status) => status.meta?.name);
  if (!name?.startsWith(SCRATCH_PREFIX)) return null;
  return (
    <button
      type="button"
      className="link-button"
      onClick={() => openDeleteGraph({ graphId, name })}
    >
      Delete this graph…
    </button>
  );
}

/** Whether all clients hold one state, proven by the server’s checksum. */
function Verdict({ clients }: { clients: readonly LabClient[] }) {
  const subscribe = useCallback(
    (listener: () => void) => {
      const undo = clients.map(({ session }) => session.status.subscribe(listener));
      return () => {
        for (const one of undo) one();
      };
    },
    [clients],
  );
  const version = () => clients[0]?.session.status.getState().version ?? 0;
  const agreedAt = useSyncExternalStore(subscribe, () =>
    together(clients) ? version() : undefined,
  );
  const agree = agreedAt !== undefined;
  return (
    <span className="live-state" role="status" data-testid="lab-verdict" data-agree={agree}>
      <span className="chip-dot" data-state={agree ? 'saved' : 'stale'} />
      {agree ? `All agree at version ${agreedAt.toLocaleString('en-GB')}` : 'Not together'}
    </span>
  );
}

const FIRST: StormOptions = { seconds: 5, perSecond: 8, nodes: 3 };

function StormTools() {
  const lab = useLab();
  const running = useRunning();
  const idle = useNothingToDo();
  const [options, setOptions] = useState(FIRST);
  const field = (name: keyof StormOptions, label: string) => {
    const [min, max] = STORM_RANGES[name];
    return (
      <NumberInput
        aria-label={label}
        title={label}
        suffix={SUFFIX[name]}
        w={82}
        min={min}
        max={max}
        clampBehavior="strict"
        allowDecimal={false}
        value={options[name]}
        onChange={(value) =>
          typeof value === 'number' && setOptions({ ...options, [name]: Math.max(min, value) })
        }
      />
    );
  };
  return (
    <div className="lab-tools">
      {field('seconds', 'Seconds of the storm')}
      {field('perSecond', 'Commands of each client in a second')}
      {field('nodes', 'Nodes that everybody changes')}
      <Tooltip label={idle ?? 'All clients rename, move and patch the same few nodes'}>
        <Button
          onClick={() => lab.startStorm(options)}
          disabled={running || idle !== undefined}
          data-testid="lab-storm"
        >
          Conflict storm
        </Button>
      </Tooltip>
      {idle === undefined ? null : (
        <span className="lab-idle" title={idle}>
          {idle}
        </span>
      )}
    </div>
  );
}

const SUFFIX: Record<keyof StormOptions, string> = {
  seconds: ' s',
  perSecond: ' /s',
  nodes: ' nodes',
};
