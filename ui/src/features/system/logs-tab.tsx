import { Button, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useState } from 'react';
import type { LogLine } from '../../generated/LogLine';
import { formatDateTime, plural } from '../../shared/format';
import { Freshness } from '../../shared/freshness';
import { Icon } from '../../shared/icons';
import { FailureBox, LoadingBox, StateBox } from '../../shared/state-box';
import { useRpcQuery } from '../../shared/use-rpc';
import { LogList } from './log-list';
import { LOG_AGAIN_MS, type LogFilter, useLog } from './use-log';

const TYPING_MS = 250;
const TEXT_CHARS_MAX = 200;
const LEVELS = [
  { value: 'trace', label: 'all levels' },
  { value: 'debug', label: 'debug and worse' },
  { value: 'info', label: 'info and worse' },
  { value: 'warn', label: 'warnings and errors' },
  { value: 'error', label: 'errors only' },
];

/** The log of the node that answers. It goes on at the bottom until the person scrolls away. */
export function LogsTab() {
  const [filter, setFilter] = useState<LogFilter>({ level: 'info', text: '' });
  const [chosen, setChosen] = useState<LogLine>();
  const log = useLog(filter);
  const { feed, follow, setFollowing, error, heardAt } = log;
  return (
    <>
      <LogBar filter={filter} onFilter={setFilter} />
      <div className="log-state">
        <Whose since={feed.since} />
        {feed.holes ? (
          <span className="log-holes">
            Lines came faster than they were read: some are missing.
          </span>
        ) : null}
        <span className="push" />
        {heardAt > 0 ? (
          <Freshness
            reading={{ dataUpdatedAt: heardAt, isError: error !== undefined }}
            everyMs={LOG_AGAIN_MS}
            quiet
          />
        ) : null}
        <FollowButton following={follow} waiting={feed.waiting.length} onFollow={setFollowing} />
      </div>
      <div className="panel log-panel">
        {feed.lines.length > 0 ? (
          <LogList
            lines={feed.lines}
            following={follow}
            onFollow={setFollowing}
            chosen={chosen}
            onChoose={setChosen}
          />
        ) : error !== undefined ? (
          <FailureBox title="The log cannot be read" cause={error} />
        ) : feed.lastId === undefined ? (
          <LoadingBox what="the log" />
        ) : (
          <NoLines filter={filter} />
        )}
      </div>
      {chosen ? <LogDetail line={chosen} onClose={() => setChosen(undefined)} /> : null}
    </>
  );
}

function LogBar(props: { filter: LogFilter; onFilter: (filter: LogFilter) => void }) {
  const { filter, onFilter } = props;
  const [typed, setTyped] = useState(filter.text);
  const tell = useDebouncedCallback(
    (text: string) => onFilter({ ...filter, text: text.trim() }),
    TYPING_MS,
  );
  return (
    <search className="log-bar" aria-label="Filter the log">
      <Select
        aria-label="Level"
        w={180}
        allowDeselect={false}
        data={LEVELS}
        value={filter.level}
        onChange={(level) => level !== null && onFilter({ ...filter, level })}
      />
      <TextInput
        aria-label="Text in the line"
        placeholder="Text in the line"
        w={320}
        maxLength={TEXT_CHARS_MAX}
        value={typed}
        leftSection={<Icon name="search" size={13} />}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          tell(event.currentTarget.value);
        }}
      />
    </search>
  );
}

/** Each node has a log of its own; this is the one of the node that this console talks to. */
function Whose({ since }: { since: number | null }) {
  const { data } = useRpcQuery('system.nodes', {}, { staleTime: 60_000 });
  const here = data?.nodes.find(({ nodeId }) => nodeId === data.here);
  const others = (data?.nodes.length ?? 1) - 1;
  return (
    <span className="dim">
      The log of {here ? `node ${here.nodeId} on ${here.host}` : 'the node that answers'}
      {others > 0 ? `, not of the other ${plural(others, 'node')}` : ''}
      {since === null ? '' : `; lines are kept since ${formatDateTime(since)}`}.
    </span>
  );
}

function FollowButton(props: {
  following: boolean;
  waiting: number;
  onFollow: (on: boolean) => void;
}) {
  const { following, waiting, onFollow } = props;
  return (
    <>
      <span role="status" data-testid="log-state">
        {following ? 'Following' : `Paused, ${waiting.toLocaleString('en-GB')} new`}
      </span>
      <Button
        size="compact-xs"
        variant={following ? 'default' : 'filled'}
        leftSection={<Icon name={following ? 'pause' : 'play'} size={11} />}
        onClick={() => onFollow(!following)}
      >
        {following ? 'Pause' : 'Follow'}
      </Button>
    </>
  );
}

function NoLines({ filter }: { filter: LogFilter }) {
  if (filter.text === '' && filter.level === 'trace') {
    return <StateBox title="The log is empty">This node has not written anything yet.</StateBox>;
  }
  return (
    <StateBox title="No line matches">
      The node has written no line of this level{filter.text === '' ? '' : ' with this text'}. New
      ones appear here.
    </StateBox>
  );
}

function LogDetail({ line, onClose }: { line: LogLine; onClose: () => void }) {
  const { at, level, target, message, fields } = line;
  return (
    <section className="panel log-detail" aria-label="The chosen line" data-testid="log-detail">
      <div className="log-detail-head">
        <strong>{level}</strong>
        <span className="mono">{target}</span>
        <span className="dim number">{formatDateTime(at)}</span>
        <span className="push" />
        <Button size="compact-xs" variant="subtle" color="gray" onClick={onClose}>
          Close
        </Button>
      </div>
      <p>{message}</p>
      <dl className="facts">
        {Object.entries(fields).map(([name, value]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt className="mono">{name}</dt>
            <dd className="mono">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
