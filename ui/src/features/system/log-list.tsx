import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useRef } from 'react';
import type { LogLine } from '../../generated/LogLine';
import { formatClock, formatDateTime } from '../../shared/format';

const ROW_PIXELS = 22;
/** Who is this near to the end is at the end. */
const NEAR_PIXELS = 30;

interface Props {
  lines: readonly LogLine[];
  following: boolean;
  onFollow: (on: boolean) => void;
  chosen: LogLine | undefined;
  onChoose: (line: LogLine | undefined) => void;
}

/** Lines of the log, newest last. Scrolling away from the end pauses, scrolling to it goes on. */
export function LogList({ lines, following, onFollow, chosen, onChoose }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PIXELS,
    getItemKey: (index) => lines[index]?.id ?? index,
    overscan: 12,
  });
  const newest = lines.at(-1)?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new line moves the list, and so does the room that a chosen one takes
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [following, newest, chosen === undefined]);
  const onScroll = () => {
    const element = box.current;
    if (element === null) return;
    const left = element.scrollHeight - element.scrollTop - element.clientHeight;
    const atEnd = left < NEAR_PIXELS;
    if (atEnd !== following) onFollow(atEnd);
  };
  const at = chosen === undefined ? -1 : lines.findIndex(({ id }) => id === chosen.id);
  const onKeyDown = (event: KeyboardEvent) => {
    const from = at < 0 ? lines.length : at;
    const to = { ArrowUp: from - 1, ArrowDown: from + 1, Home: 0, End: lines.length - 1 }[
      event.key
    ];
    if (event.key === 'Escape') onChoose(undefined);
    else if (to === undefined) return;
    else {
      const index = Math.max(0, Math.min(to, lines.length - 1));
      onChoose(lines[index]);
      virtual.scrollToIndex(index, { align: 'auto' });
    }
    event.preventDefault();
  };
  return (
    <div
      ref={box}
      className="log-list"
      role="listbox"
      aria-label="Lines of the log"
      aria-activedescendant={at < 0 ? undefined : `log-${chosen?.id}`}
      tabIndex={0}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      <div style={{ position: 'relative', height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const line = lines[index];
          if (line === undefined) return null;
          return (
            <Row
              key={String(key)}
              line={line}
              top={start}
              active={line.id === chosen?.id}
              onChoose={onChoose}
            />
          );
        })}
      </div>
    </div>
  );
}

function Row(props: {
  line: LogLine;
  top: number;
  active: boolean;
  onChoose: (line: LogLine) => void;
}) {
  const { line, top, active, onChoose } = props;
  const fields = Object.entries(line.fields).map(([name, value]) => `${name}=${value}`);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list box handles the keys of its options
    <div
      id={`log-${line.id}`}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      className="log-row"
      data-level={line.level}
      style={{ top, height: ROW_PIXELS }}
      onClick={() => onChoose(line)}
    >
      <span className="dim" title={formatDateTime(line.at)}>
        {formatClock(line.at)}
      </span>
      <span className="log-level">{line.level}</span>
      <span className="dim log-target" title={line.target}>
        {line.target}
      </span>
      <span className="log-message" title={[line.message, ...fields].join('\n')}>
        {line.message}
        {fields.length > 0 ? <span className="dim"> {fields.join(' ')}</span> : null}
      </span>
    </div>
  );
}
