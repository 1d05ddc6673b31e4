import { type DragEvent, type ReactNode, useRef, useState } from 'react';
import { startImport } from '../../shared/own-imports';
import { usePlatform } from '../../shared/platform-context';

const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files');

/** Files dropped anywhere on the page are imported. */
export function DropZone({ children }: { children: ReactNode }) {
  const platform = usePlatform();
  const depth = useRef(0);
  const [over, setOver] = useState(false);
  const leave = () => {
    depth.current = Math.max(0, depth.current - 1);
    if (depth.current === 0) setOver(false);
  };
  return (
    <section
      className="drop-zone"
      aria-label="Graph"
      onDragEnter={(event) => {
        if (!hasFiles(event)) return;
        depth.current += 1;
        setOver(true);
      }}
      onDragLeave={leave}
      onDragOver={(event) => hasFiles(event) && event.preventDefault()}
      onDrop={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth.current = 0;
        setOver(false);
        for (const file of event.dataTransfer.files) void startImport(platform, file);
      }}
    >
      {children}
      {over ? <div className="drop-hint">Drop to import as a new graph</div> : null}
    </section>
  );
}
