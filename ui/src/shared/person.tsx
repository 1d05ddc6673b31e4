import { Tooltip } from '@mantine/core';
import type { CSSProperties } from 'react';

/** How many colours people have; the server numbers them the same way. */
const COLORS = 12;

/** The number of a user's colour, the same in every window and on every server. */
export function colorNumber(userId: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(userId)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash % COLORS;
}

/** A person's colour as a CSS value, in the shade of the theme. */
export function personColor(color: number): string {
  return `var(--g-person-${color % COLORS})`;
}

interface Who {
  userId: string;
  /** What to call them; their id if they gave no name. */
  name?: string;
  color?: number;
}

/** The first letter of a name, in the colour of the person. The name stands beside it. */
export function Avatar({ userId, name, color }: Who) {
  const style = { '--person': personColor(color ?? colorNumber(userId)) } as CSSProperties;
  const [first = '?'] = (name ?? userId).replace(/^[^\p{L}\p{N}]+/u, '');
  return (
    <span className="avatar" style={style} aria-hidden="true">
      {first.toUpperCase()}
    </span>
  );
}

export function Person(who: Who) {
  const name = who.name ?? who.userId;
  return (
    <span className="person" title={name === who.userId ? undefined : who.userId}>
      <Avatar {...who} />
      <span className="person-name">{name}</span>
    </span>
  );
}

/** Several people in little room: the first few, and how many more there are. */
export function AvatarStack({ people, max = 4 }: { people: readonly Who[]; max?: number }) {
  if (people.length === 0) return null;
  const names = people.map(({ name, userId }) => name ?? userId).join(', ');
  const rest = people.length - max;
  return (
    <Tooltip label={names}>
      <span className="avatar-stack" role="img" aria-label={`Here: ${names}`}>
        {people.slice(0, max).map((who) => (
          <Avatar key={who.userId} {...who} />
        ))}
        {rest > 0 ? <span className="avatar avatar-more">+{rest}</span> : null}
      </span>
    </Tooltip>
  );
}
