import { Button, FileButton, Menu, Select, Tooltip } from '@mantine/core';
import { ApiFailure } from '../../platform';
import { plural } from '../../shared/format';
import { Icon } from '../../shared/icons';
import { usePlatform } from '../../shared/platform-context';
import { toast, toastFailure } from '../../shared/toasts';
import { useLab, useLabState, useRunning } from './lab-context';
import { FILE_CHARS_MAX, parseRecording } from './recording';

const SPEEDS = [0.5, 1, 2, 5, 10];

/** Record, keep, load and replay what was done in the Lab. */
export function TapeTools() {
  const lab = useLab();
  const running = useRunning();
  const recording = useLabState((state) => state.recording);
  const tape = useLabState((state) => state.tape);
  const speed = useLabState((state) => state.speed);
  return (
    <div className="lab-tools">
      {recording === undefined ? (
        <Tooltip label="Write down every edit and every change of a network, with its time">
          <Button variant="default" onClick={() => lab.startRecording()}>
            <span className="lab-record" /> Record
          </Button>
        </Tooltip>
      ) : (
        <Button color="red" onClick={() => lab.stopRecording()}>
          Stop recording ({plural(recording, 'step')})
        </Button>
      )}
      <TapeMenu />
      <Select
        aria-label="Speed of the replay"
        w={74}
        allowDeselect={false}
        value={String(speed)}
        onChange={(value) => value !== null && lab.setSpeed(Number(value))}
        data={SPEEDS.map((value) => ({ value: String(value), label: `×${value}` }))}
      />
      <Button
        variant="default"
        onClick={() => lab.startReplay()}
        disabled={tape === undefined || running || recording !== undefined}
        data-testid="lab-replay"
      >
        Replay
      </Button>
      <span className="dim lab-tape" title={tape?.name}>
        {tape === undefined
          ? 'nothing to replay'
          : `${tape.name}: ${plural(tape.steps.length, 'step')}, ${seconds(tape.steps.at(-1)?.atMs)}`}
      </span>
    </div>
  );
}

function TapeMenu() {
  const lab = useLab();
  const platform = usePlatform();
  const tape = useLabState((state) => state.tape);
  const load = (text: string) => {
    try {
      const loaded = parseRecording(text);
      lab.load(loaded);
      toast('Recording loaded', `${loaded.name}: ${plural(loaded.steps.length, 'step')}`);
    } catch (cause) {
      toastFailure('The recording was not loaded', ApiFailure.from(cause, 'invalid'));
    }
  };
  const loadFile = async (file: File | null) => {
    if (file === null) return;
    // The size is known before anything is read.
    if (file.size > 4 * FILE_CHARS_MAX) return load(' '.repeat(FILE_CHARS_MAX + 1));
    load(await file.text());
  };
  const loadExample = async () => {
    const { default: example } = await import('./example-recording.json');
    load(JSON.stringify(example));
  };
  const save = () => {
    if (tape === undefined) return;
    const text = `${JSON.stringify(tape, null, 1)}\n`;
    platform
      .saveFile('graphy-lab-recording.json', { text }, 'application/json')
      .catch((cause) => toastFailure('The recording was not saved', cause));
  };
  return (
    <FileButton accept="application/json,.json" onChange={(file) => void loadFile(file)}>
      {({ onClick }) => (
        <Menu position="bottom-start" withinPortal>
          <Menu.Target>
            <Button variant="default" rightSection={<Icon name="chevron" size={12} />}>
              Recording
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<Icon name="upload" />} onClick={onClick}>
              Load a file…
            </Menu.Item>
            <Menu.Item leftSection={<Icon name="copy" />} onClick={() => void loadExample()}>
              Load the example
            </Menu.Item>
            <Menu.Item
              leftSection={<Icon name="download" />}
              onClick={save}
              disabled={tape === undefined}
            >
              Save as a file
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </FileButton>
  );
}

function seconds(ms = 0): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
