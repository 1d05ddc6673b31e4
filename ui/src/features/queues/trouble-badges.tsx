import { Tooltip } from '@mantine/core';
import type { QueueTrouble } from '../../generated/QueueTrouble';
import { ToneMark } from '../../shared/tone-mark';
import { TROUBLES, troubleRank } from './wording';

/** What is wrong with a queue, worst first; each says what it means and what to do. */
export function TroubleBadges({ troubles }: { troubles: readonly QueueTrouble[] }) {
  const sorted = [...troubles].sort((one, other) => troubleRank([one]) - troubleRank([other]));
  return sorted.map((trouble) => {
    const { label, means, todo, tone } = TROUBLES[trouble];
    return (
      <Tooltip
        key={trouble}
        label={
          <>
            <div>{means}</div>
            <div>{todo}</div>
          </>
        }
      >
        <ToneMark
          tone={tone}
          data-testid={`trouble-${trouble}`}
          role="note"
          aria-label={`${label}: ${means} ${todo}`}
          // What to do must be reachable by keyboard.
          tabIndex={0}
        >
          {label}
        </ToneMark>
      </Tooltip>
    );
  });
}
