/** Hues that stay apart from each other, and from the state colours, in both schemes. */
const PALETTE = [
  '#5b8def',
  '#3fae8f',
  '#b07ae0',
  '#d98a3d',
  '#d3648c',
  '#4aa8c7',
  '#8f9d45',
  '#8b93a5',
];

const chosen = new Map<string, string>();

/** The same kind has the same colour in every window. */
export function kindColor(kind: string): string {
  const known = chosen.get(kind);
  if (known !== undefined) return known;
  let hash = 2166136261;
  for (let index = 0; index < kind.length; index += 1) {
    hash = Math.imul(hash ^ kind.charCodeAt(index), 16777619) >>> 0;
  }
  const color = kind === 'default' ? (PALETTE[0] ?? '') : (PALETTE[hash % PALETTE.length] ?? '');
  chosen.set(kind, color);
  return color;
}
