import { Button } from '@mantine/core';
import { useState } from 'react';
import { version as consoleVersion } from '../../../package.json';
import type { DiagnosticsFile } from '../../generated/DiagnosticsFile';
import type { DiagnosticsPreview } from '../../generated/DiagnosticsPreview';
import { formatBytes, formatDateTime, plural } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { PagePart } from '../../shared/page-part';
import { useSaveExport } from '../../shared/save-export';
import { useRpcMutation, useRpcQuery } from '../../shared/use-rpc';

const SHOWN_BYTES = 64 * 1024;

/** An archive for whoever is asked for help. Everything in it is shown before it is saved. */
export function DiagnosticsTab() {
  const preview = useRpcMutation(
    'system.preview_diagnostics',
    'The archive could not be put together',
  );
  return (
    <>
      <Versions />
      <PagePart
        title="Diagnostics archive"
        about="Redis, nodes, settings and logs without secrets, for whoever helps you."
        actions={
          <Button
            variant={preview.data ? 'default' : 'filled'}
            loading={preview.isPending}
            onClick={() => preview.mutate({})}
          >
            {preview.data ? 'Put it together anew' : 'Put it together'}
          </Button>
        }
        testId="diagnostics"
      >
        {preview.data ? (
          <Preview key={preview.data.previewId} preview={preview.data} />
        ) : (
          <p className="dim">
            It is put together and shown first: every file, and what is left out. Nothing leaves
            this computer by itself.
          </p>
        )}
      </PagePart>
    </>
  );
}

function Versions() {
  const { data, error } = useRpcQuery('system.info', {}, { staleTime: 60_000 });
  return (
    <PagePart title="Versions">
      <dl className="facts">
        <dt>Console</dt>
        <dd>{consoleVersion}</dd>
        <dt>Server</dt>
        <dd>{data?.version ?? (error ? 'unknown' : '…')}</dd>
        <dt>Redis</dt>
        <dd>{data?.redisVersion ?? (error ? 'unknown' : '…')}</dd>
      </dl>
    </PagePart>
  );
}

function Preview({ preview }: { preview: DiagnosticsPreview }) {
  const { at, previewId, fileName, files, leftOut } = preview;
  const [name, setName] = useState(files[0]?.name);
  const { save, isPending } = useSaveExport('system.save_diagnostics', 'The archive was not saved');
  const shown = files.find((file) => file.name === name);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return (
    <div className="diagnostics">
      <div className="diagnostics-side">
        <p className="dim">
          {plural(files.length, 'file')}, {formatBytes(bytes)} before packing, as of{' '}
          {formatDateTime(at)}
        </p>
        <FileList files={files} chosen={name} onChoose={setName} />
        <h3 className="node-part-title">Never part of it</h3>
        <ul className="left-out">
          {leftOut.map((what) => (
            <li key={what}>{what}</li>
          ))}
        </ul>
        <Button
          leftSection={<Icon name="download" size={13} />}
          loading={isPending}
          onClick={() => save({ previewId })}
        >
          Save the archive
        </Button>
        <p className="dim archive-name">as {fileName}</p>
      </div>
      {shown ? <FileContent file={shown} /> : null}
    </div>
  );
}

function FileList(props: {
  files: readonly DiagnosticsFile[];
  chosen: string | undefined;
  onChoose: (name: string) => void;
}) {
  return (
    <ul className="file-list" aria-label="Files of the archive">
      {props.files.map(({ name, about, bytes }) => (
        <li key={name}>
          <button
            type="button"
            aria-pressed={name === props.chosen}
            onClick={() => props.onChoose(name)}
          >
            <span className="mono">{name}</span>
            <span className="dim number">{formatBytes(bytes)}</span>
            <span className="dim">{about}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function FileContent({ file }: { file: DiagnosticsFile }) {
  const { name, bytes, text } = file;
  return (
    <section className="file-content" aria-label={`Content of ${name}`} data-testid="file-content">
      <header>
        <span className="mono">{name}</span>
        <span className="dim">
          {bytes > SHOWN_BYTES
            ? `the first ${formatBytes(SHOWN_BYTES)} of ${formatBytes(bytes)}`
            : formatBytes(bytes)}
        </span>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long text is scrolled by keyboard */}
      <pre tabIndex={0}>{text === '' ? 'empty' : text}</pre>
    </section>
  );
}
