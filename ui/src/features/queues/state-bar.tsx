import { Tooltip } from '@mantine/core';
import type { JobCounts } from '../../generated/JobCounts';
import { countsInWords, figure, STATES } from './wording';

/** What ended well and is only kept would hide the rest. */
const BAR_STATES = STATES.filter(({ state }) => state !== 'completed');

/** Jobs by state as one bar; its tooltip has the figures. */
export function StateBar({ counts }: { counts: JobCounts }) {
  const sum = BAR_STATES.reduce((all, { count }) => all + counts[count], 0);
  return (
    <Tooltip label={<Figures counts={counts} />}>
      <div className="state-bar" role="img" aria-label={countsInWords(counts)}>
        {BAR_STATES.map(({ state, count, color }) =>
          counts[count] === 0 ? null : (
            <span
              key={state}
              style={{ flexGrow: counts[count] / sum, background: `var(${color})` }}
            />
          ),
        )}
      </div>
    </Tooltip>
  );
}

function Figures({ counts }: { counts: JobCounts }) {
  return (
    <ul className="state-figures">
      {STATES.map(({ state, label, count, color }) => (
        <li key={state}>
          <span className="queue-dot" style={{ background: `var(${color})` }} />
          {label}
          <strong>{figure(counts[count])}</strong>
        </li>
      ))}
    </ul>
  );
}
