/** Twelve hues on which white can be read; the server says which one is whose. */
const COLORS = [
  '#c2410c',
  '#0369a1',
  '#15803d',
  '#a21caf',
  '#b91c1c',
  '#0f766e',
  '#6d28d9',
  '#a16207',
  '#1d4ed8',
  '#be185d',
  '#4d7c0f',
  '#475569',
] as const;

export function peerColor(color: number): string {
  return COLORS[Math.abs(Math.trunc(color)) % COLORS.length] ?? COLORS[0];
}

/** Two letters for a name: “Ada Lovelace” is AL, “bob” is B. */
export function initials(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  const [first = '?', ...others] = words;
  const last = others.at(-1) ?? '';
  return `${[...first][0] ?? ''}${[...last][0] ?? ''}`.toLocaleUpperCase();
}
