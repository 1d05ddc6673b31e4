import './person.css';
import { Tooltip } from '@mantine/core';
import type { CSSProperties } from 'react';
import { bucketOf } from '../replica/buckets';
import { initials, peerColor } from './peer-color';

/** How many colours people have. */
const COLORS = 12;

/** The number of a user's colour, as the server gives it to those who are present. */
function colorNumber(userId: string): number {
  return bucketOf(userId) % COLORS;
}

interface Who {
  userId: string;
  /** What to call them; their id if they gave no name. */
  name?: string;
}

/** The letters of a name, in the colour of the person. The name stands beside it. */
export function Avatar({ userId, name }: Who) {
  const style = { '--person': peerColor(colorNumber(userId)) } as CSSProperties;
  return (
    <span className="avatar" style={style} aria-hidden="true">
      {initials(name ?? userId)}
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
