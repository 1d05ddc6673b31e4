import { ActionIcon, Button, Select, Tooltip } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { formatBytes } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { type Direction, type LoggedFrame, pretty } from './frame-log';
import type { LabClient } from './lab-client';

const ROW_PIXELS = 22;
const ARROWS: Record<Direction, string> = { out: '→', in: '←', link: '•' };
const SAID: Record<Direction, string> = { out: 'sent', in: 'received', link: 'connection' };

/** The last 500 frames, newest first; a click shows what is in one. */
export function FrameList({ client }: { client: LabClient }) {
  const [paused, setPaused] = useState<{ frames: readonly LoggedFrame[]; total: number }>();
  const [type, setType] = useState<string | null>(null);
  const [open, setOpen] = useState<LoggedFrame>();
  const total = useStore(client.look, (look) => look.frames);
  const all = paused?.frames ?? client.log.list;
  const types = [...new Set(all.map((frame) => frame.type))].sort();
  // `total` is what changes when the list does.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list itself is a new one each time
  const shown = useMemo(
    () => all.filter((frame) => type === null || frame.type === type).reverse(),
    [all, type, total],
  );
  if (open !== undefined) return <FrameText frame={open} onClose={() => setOpen(undefined)} />;
  return (
    <>
      <div className="lab-frames-bar">
        <Select
          aria-label={`Type of the frames of ${client.name}`}
          placeholder="All types"
          clearable
          value={type}
          onChange={setType}
          data={types}
          flex={1}
        />
        <Button
          variant="default"
          aria-pressed={paused !== undefined}
          onClick={() => setPaused(paused ? undefined : { frames: client.log.list, total })}
        >
          {paused ? `Go on (${total - paused.total} new)` : 'Pause'}
        </Button>
      </div>
      {shown.length === 0 ? (
        <p className="lab-nothing dim">No frame{type === null ? ' yet' : ' of this type'}.</p>
      ) : (
        <Rows frames={shown} onOpen={setOpen} />
      )}
    </>
  );
}

function Rows(props: { frames: LoggedFrame[]; onOpen: (frame: LoggedFrame) => void }) {
  const { frames, onOpen } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: frames.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    getItemKey: (index) => frames[index]?.number ?? index,
    overscan: 8,
  });
  return (
    <div className="lab-list" ref={scroller}>
      <div style={{ height: virtualizer.getTotalSize(), position: 'relative' }}>
        {virtualizer.getVirtualItems().map(({ index, start, key }) => {
          const frame = frames[index];
          if (frame === undefined) return null;
          return (
            <button
              type="button"
              key={key}
              className="lab-frame"
              data-direction={frame.direction}
              style={{ height: ROW_PIXELS, transform: `translateY(${start}px)` }}
              onClick={() => onOpen(frame)}
              aria-label={`${SAID[frame.direction]} ${frame.type}, ${frame.bytes} bytes`}
            >
              <span className="lab-arrow">{ARROWS[frame.direction]}</span>
              <span className="lab-frame-type">{frame.type}</span>
              <span className="dim">
                {frame.direction === 'link' ? '' : formatBytes(frame.bytes)}
              </span>
              <span className="dim">{frame.delayMs > 0 ? `+${frame.delayMs} ms` : ''}</span>
              <span className="dim">{timeOf(frame.at)}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}

/** Never a whole large value: at most 64 KB of it. */
function FrameText({ frame, onClose }: { frame: LoggedFrame; onClose: () => void }) {
  const { text, whole } = pretty(frame);
  return (
    <>
      <div className="lab-frames-bar">
        <span className="lab-frame-title">
          {ARROWS[frame.direction]} {frame.type}
          <span className="dim">
            {' '}
            {formatBytes(frame.bytes)}, {timeOf(frame.at)}
            {whole ? '' : ', the first 64 KiB'}
          </span>
        </span>
        <Tooltip label="Back to the list">
          <ActionIcon
            aria-label="Close the frame"
            autoFocus
            onClick={onClose}
            onKeyDown={(event) => event.key === 'Escape' && onClose()}
          >
            <Icon name="close" size={13} />
          </ActionIcon>
        </Tooltip>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key */}
      <pre className="lab-list lab-json mono" tabIndex={0}>
        {text || 'Nothing more is known.'}
      </pre>
    </>
  );
}

function timeOf(at: number): string {
  const date = new Date(at);
  return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
