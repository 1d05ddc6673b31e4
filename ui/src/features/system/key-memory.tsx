import { Button, Tooltip } from '@mantine/core';
import { useState } from 'react';
import type { KeyFamily } from '../../generated/KeyFamily';
import type { KeyMemory } from '../../generated/KeyMemory';
import { BarList } from '../../shared/bar-list';
import { formatBytes, formatDateTime, formatShare, plural } from '../../shared/format';
import { PagePart } from '../../shared/page-part';
import { useRpcQuery } from '../../shared/use-rpc';

const AGAIN_MS = 10_000;
/** As many as there are commands beside them. */
const SHOWN_FIRST = 20;

/** How much memory which kinds of keys take, and on how many keys that rests. */
export function KeyMemoryPart() {
  const { data, error } = useRpcQuery(
    'system.memory',
    {},
    { refetchInterval: AGAIN_MS, staleTime: 0 },
  );
  return (
    <PagePart
      title="Memory by keys"
      about={data ? sampleWords(data) : undefined}
      testId="key-memory"
    >
      {data === undefined ? (
        <p className={error ? 'bad' : 'dim'} role={error ? 'alert' : 'status'}>
          {error ? `The memory of keys cannot be read: ${error.message}` : 'Loading…'}
        </p>
      ) : (
        <Families memory={data} />
      )}
    </PagePart>
  );
}

function Families({ memory }: { memory: KeyMemory }) {
  const { families, keysTotal } = memory;
  const [all, setAll] = useState(false);
  const shown = all ? families : families.slice(0, SHOWN_FIRST);
  return (
    <>
      <BarList
        bars={shown.map((family) => ({
          key: family.pattern,
          label: <FamilyLabel family={family} />,
          count: family.bytes,
          said: `${formatBytes(family.bytes)} · ${plural(family.keys, 'key')}`,
        }))}
        empty={keysTotal === 0 ? 'Redis holds no keys.' : 'No key has been looked at yet.'}
      />
      {shown.length < families.length ? (
        <Button mt="sm" size="compact-xs" variant="default" onClick={() => setAll(true)}>
          Show all {families.length}
        </Button>
      ) : null}
    </>
  );
}

/** Keys are looked at little by little, so that Redis does not feel it. */
export function sampleWords({ keysSeen, keysTotal, completedAt }: KeyMemory): string {
  const total = plural(keysTotal, 'key');
  if (completedAt !== null)
    return `about; ${total}, last gone through ${formatDateTime(completedAt)}`;
  const share = keysTotal === 0 ? 0 : Math.min(1, keysSeen / keysTotal);
  return `so far ${keysSeen.toLocaleString('en-GB')} of ${total} looked at (${formatShare(Number(share.toPrecision(2)))})`;
}

function FamilyLabel({ family }: { family: KeyFamily }) {
  const { pattern, largestKey, largestBytes } = family;
  return (
    <Tooltip label={`The largest: ${largestKey}, ${formatBytes(largestBytes)}`}>
      <span className="mono">{pattern}</span>
    </Tooltip>
  );
}
