/** Blue, teal, violet for what importers make; middle tones that stand out in both schemes. */
const KNOWN: Record<string, string> = {
  default: '#8b99b3',
  workspace: '#4c86e8',
  registry: '#2fa08f',
  git: '#9a6fe0',
};

const OTHERS = ['#d08a2e', '#dd5c7c', '#6fa63a', '#3aa0cc', '#c45fc0'] as const;

const chosen = new Map<string, string>(Object.entries(KNOWN));

/** The same kind has the same hue in every window, and in exported drawings. */
export function kindColor(kind: string): string {
  const known = chosen.get(kind);
  if (known !== undefined) return known;
  let sum = 7;
  for (const byte of new TextEncoder().encode(kind)) sum = (sum * 31 + byte) % 9973;
  const color = OTHERS[sum % OTHERS.length] ?? OTHERS[0];
  chosen.set(kind, color);
  return color;
}
