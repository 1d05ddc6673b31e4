import './tone-mark.css';
import type { ComponentPropsWithRef } from 'react';
import type { Severity } from '../generated/Severity';

/** How bad it is, in the word and the colour of it. */
export function SeverityMark({ severity }: { severity: Severity }) {
  return (
    <span className="tone-mark" data-tone={TONES[severity]}>
      {severity}
    </span>
  );
}

export type Tone = 'alarm' | 'bad' | 'warn' | 'ok' | 'quiet' | 'own';

const TONES: Record<Severity, Tone> = { critical: 'bad', warning: 'warn', info: 'quiet' };

/** A state in one word, in the colour of how well it is. */
export function ToneMark(props: ComponentPropsWithRef<'span'> & { tone: Tone }) {
  const { tone, className, ...span } = props;
  const all = className === undefined ? 'tone-mark' : `tone-mark ${className}`;
  return <span className={all} data-tone={tone} {...span} />;
}
