import './tone-mark.css';
import type { Severity } from '../generated/Severity';

/** How bad it is, in the word and the colour of it. */
export function SeverityMark({ severity }: { severity: Severity }) {
  return (
    <span className="tone-mark" data-tone={TONES[severity]}>
      {severity}
    </span>
  );
}

export type Tone = 'bad' | 'warn' | 'ok' | 'quiet';

const TONES: Record<Severity, Tone> = { critical: 'bad', warning: 'warn', info: 'quiet' };

/** A state in one word, in the colour of how well it is. */
export function ToneMark(props: { tone: Tone; children: string }) {
  return (
    <span className="tone-mark" data-tone={props.tone}>
      {props.children}
    </span>
  );
}
