export type Mark = 'pending' | 'attention' | 'contested';

/** Counts, per entity, the pending commands and open attentions that are about it. */
export class Marks {
  private readonly pending = new Map<string, number>();
  private readonly attention = new Map<string, number>();

  of(id: string): Exclude<Mark, 'contested'> | undefined {
    if (this.attention.has(id)) return 'attention';
    return this.pending.has(id) ? 'pending' : undefined;
  }

  addPending(ids: readonly string[], changed: Set<string>): void {
    add(this.pending, ids, 1, changed);
  }

  dropPending(ids: readonly string[], changed: Set<string>): void {
    add(this.pending, ids, -1, changed);
  }

  addAttention(ids: readonly string[], changed: Set<string>): void {
    add(this.attention, ids, 1, changed);
  }

  dropAttention(ids: readonly string[], changed: Set<string>): void {
    add(this.attention, ids, -1, changed);
  }
}

function add(
  counts: Map<string, number>,
  ids: readonly string[],
  by: 1 | -1,
  changed: Set<string>,
): void {
  for (const id of ids) {
    const before = counts.get(id) ?? 0;
    const now = before + by;
    if (now <= 0) counts.delete(id);
    else counts.set(id, now);
    if (before === 0 || now <= 0) changed.add(id);
  }
}
