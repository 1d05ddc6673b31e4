import { Slider, Tooltip } from '@mantine/core';
import { useStore } from 'zustand';
import { CONDITION_RANGES, type Condition } from './condition-ranges';
import type { LabClient } from './lab-client';
import { useLab } from './lab-context';

interface Wording {
  label: string;
  value: (value: number) => string;
  /** For ears, where the short form is for eyes. */
  spoken?: (value: number) => string;
  about: string;
}

const SHOWN: Record<Condition, Wording> = {
  latencyMs: {
    label: 'Latency',
    value: (ms) => `${ms} ms`,
    about: 'How long each frame is under way, in each direction.',
  },
  jitterMs: {
    label: 'Jitter',
    value: (ms) => `${ms} ms`,
    about: 'Comes on top of the latency, evenly from nothing to this. The order stays, as in TCP.',
  },
  stallPercent: {
    label: 'Stall',
    value: (percent) => `${percent} %`,
    about:
      'So many frames meet a lost packet. TCP sends it again: the frame comes a retransmission later, and all behind it wait.',
  },
  cutEvery: {
    label: 'Cut every',
    value: (frames) => (frames === 0 ? 'never' : `${frames} fr.`),
    spoken: (frames) => (frames === 0 ? 'never' : `${frames} frames`),
    about: 'The connection breaks after so many frames; what is under way then is gone.',
  },
  skewMinutes: {
    label: 'Clock',
    value: (minutes) =>
      minutes === 0 ? 'right' : `${minutes > 0 ? '+' : '−'}${Math.abs(minutes)} min`,
    about:
      'How far this client’s clock is off. It is in the timestamps of its commands, which decide where the last write wins; the server takes none from the future.',
  },
};

/** What this client’s network and clock are like. */
export function ConditionsPanel({ client }: { client: LabClient }) {
  return (
    <div className="lab-conditions">
      {(Object.keys(SHOWN) as Condition[]).map((condition) => (
        <ConditionSlider key={condition} client={client} condition={condition} />
      ))}
    </div>
  );
}

function ConditionSlider({ client, condition }: { client: LabClient; condition: Condition }) {
  const lab = useLab();
  const value = useStore(client.look, ({ conditions }) => conditions[condition]);
  const { label, value: show, spoken = show, about } = SHOWN[condition];
  const { min, max, step } = CONDITION_RANGES[condition];
  return (
    <div className="lab-condition">
      <Tooltip label={about}>
        <div className="lab-condition-line">
          <span className="dim">{label}</span>
          <span className={value === 0 ? 'dim' : 'lab-condition-on'}>{show(value)}</span>
        </div>
      </Tooltip>
      <Slider
        size="xs"
        min={min}
        max={max}
        step={step}
        startPointValue={min < 0 ? 0 : undefined}
        label={null}
        value={value}
        onChange={(next) => lab.set(client, { [condition]: next })}
        thumbLabel={`${label} of ${client.name}`}
        thumbValueText={spoken(value)}
      />
    </div>
  );
}
