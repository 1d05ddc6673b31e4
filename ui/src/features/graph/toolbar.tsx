import { ActionIcon, Button, FileButton, Menu, Tooltip } from '@mantine/core';
import type { ExportFormat } from '../../protocol';
import { useGraphStatus } from '../../shared/active-session';
import { useGraphSlots } from '../../shared/graph-slots';
import { Icon, type IconName } from '../../shared/icons';
import { startImport } from '../../shared/own-imports';
import { usePlatform } from '../../shared/platform-context';
import { toast, toastFailure } from '../../shared/toasts';
import { useCanvasSession } from './canvas-state';
import type { CanvasActions } from './use-canvas-actions';

const IMPORT_TYPES = '.lock,.json';

export function Toolbar(props: { actions: CanvasActions; readOnly: boolean; selected: number }) {
  const { actions, readOnly, selected } = props;
  const { tools } = useGraphSlots();
  const session = useCanvasSession();
  const canUndo = useGraphStatus(session, (status) => status.canUndo);
  const canRedo = useGraphStatus(session, (status) => status.canRedo);
  return (
    <div className="panel toolbar" role="toolbar" aria-label="Graph tools">
      <Tool icon="plus" label="Add a node (N)" onClick={actions.add} disabled={readOnly} />
      <Tool
        icon="edit"
        label="Rename (F2)"
        onClick={actions.rename}
        disabled={readOnly || selected !== 1}
      />
      <Tool icon="copy" label="Copy (Ctrl+C)" onClick={actions.copy} disabled={selected === 0} />
      <Tool
        icon="trash"
        label="Delete the selection (Del)"
        onClick={actions.remove}
        disabled={readOnly || selected === 0}
      />
      <span className="toolbar-line" />
      <Tool
        icon="undo"
        label="Undo what you did last (Ctrl+Z)"
        onClick={actions.undo}
        disabled={readOnly || !canUndo}
      />
      <Tool
        icon="redo"
        label="Redo (Ctrl+Shift+Z)"
        onClick={actions.redo}
        disabled={readOnly || !canRedo}
      />
      <span className="toolbar-line" />
      <Tool icon="search" label="Search nodes (Ctrl+F)" onClick={actions.search} />
      <Tool icon="fit" label="Fit everything into view (F)" onClick={actions.fit} />
      <span className="toolbar-line" />
      <ImportButton />
      <ExportMenu />
      {tools}
    </div>
  );
}

function Tool(props: { icon: IconName; label: string; onClick: () => void; disabled?: boolean }) {
  return (
    <Tooltip label={props.label}>
      <ActionIcon aria-label={props.label} onClick={props.onClick} disabled={props.disabled}>
        <Icon name={props.icon} />
      </ActionIcon>
    </Tooltip>
  );
}

export function ImportButton() {
  const platform = usePlatform();
  return (
    <FileButton
      accept={IMPORT_TYPES}
      onChange={(file) => file && void startImport(platform, file)}
      inputProps={{ 'aria-label': 'File to import' }}
    >
      {(control) => (
        <Tooltip label="Cargo.lock, package-lock.json or Graphy JSON; or drop the file here">
          <Button
            {...control}
            variant="subtle"
            color="gray"
            leftSection={<Icon name="upload" size={14} />}
            data-testid="import-button"
          >
            Import
          </Button>
        </Tooltip>
      )}
    </FileButton>
  );
}

const FORMATS: { format: ExportFormat; label: string }[] = [
  { format: 'json', label: 'Graphy JSON' },
  { format: 'svg', label: 'SVG drawing' },
  { format: 'png', label: 'PNG picture' },
];

function ExportMenu() {
  const platform = usePlatform();
  const { graphId } = useCanvasSession();
  const run = async (format: ExportFormat) => {
    try {
      const file = await platform.rpc('graphs.export', { graphId, format });
      const content =
        file.base64 !== undefined && file.base64 !== null
          ? { base64: file.base64 }
          : { text: file.text ?? '' };
      const saved = await platform.saveFile(file.fileName, content, file.mime);
      if (saved !== null) toast('Exported', saved);
    } catch (cause) {
      toastFailure('The graph was not exported', cause);
    }
  };
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          leftSection={<Icon name="download" size={14} />}
          rightSection={<Icon name="chevron" size={12} />}
          data-testid="export-menu"
        >
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.map(({ format, label }) => (
          <Menu.Item key={format} data-testid={`export-${format}`} onClick={() => void run(format)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
