import type { Effect } from '../../generated/Effect';
import type { EffectKind } from '../../generated/EffectKind';
import type { HistoryEntry } from '../../generated/HistoryEntry';
import { plural } from '../../shared/format';

/** What a node or edge is called now, if it is still there. */
export type NameOf = (effect: Effect) => string;

/** What an operation did, in a few words: “renamed X → Y”, “moved 3 nodes”. */
export function describeEntry(entry: HistoryEntry, nameOf: NameOf): string {
  const did = describeEffects(entry.effects, entry.moreEffects, nameOf);
  const target = entry.target?.version;
  if (entry.type === 'UNDO') return turned('undid', target, '', did);
  if (entry.type === 'REDO') return turned('redid what', target, ' undid', did);
  if (entry.type === 'RESTORE_VERSION') {
    return did === '' ? 'restored an earlier version' : `restored an earlier version: ${did}`;
  }
  return did === '' ? 'changed nothing' : did;
}

function turned(verb: string, version: number | undefined, rest: string, did: string): string {
  const what = `${verb} ${version === undefined ? 'a version' : `version ${version}`}${rest}`;
  return did === '' ? `${what}, with no effect` : `${what}: ${did}`;
}

export function describeEffects(effects: readonly Effect[], more: number, nameOf: NameOf): string {
  const kinds: EffectKind[] = [
    'created',
    'changed',
    'deleted',
    'settings',
    'conflict_opened',
    'conflict_settled',
  ];
  const parts = kinds.flatMap((kind) => {
    const some = effects.filter((effect) => effect.kind === kind);
    return some.length === 0 ? [] : [describeKind(kind, some, nameOf)];
  });
  if (more > 0) parts.push(`${plural(more, 'more effect')}`);
  return parts.join(', ');
}

function describeKind(kind: EffectKind, effects: readonly Effect[], nameOf: NameOf): string {
  const [first] = effects;
  if (first === undefined) return '';
  switch (kind) {
    case 'created':
      return `added ${things(effects, nameOf)}`;
    case 'deleted':
      return `deleted ${things(effects, nameOf)}`;
    case 'changed':
      return describeChange(first, effects, nameOf);
    case 'settings':
      return describeSettings(first, effects);
    case 'conflict_opened':
      return `met a conflict on ${first.field ?? 'a field'} of ${quoted(nameOf(first))}`;
    case 'conflict_settled':
      return effects.length === 1
        ? `settled a conflict as ${String(first.before)}`
        : `settled ${plural(effects.length, 'conflict')}`;
  }
}

function describeChange(first: Effect, effects: readonly Effect[], nameOf: NameOf): string {
  const fields = new Set(effects.map(({ field }) => field ?? 'something'));
  const entities = new Set(effects.map(({ entityId }) => entityId));
  const what = things(effects, nameOf);
  if (fields.size === 1 && fields.has('position')) return `moved ${what}`;
  if (effects.length === 1) {
    const { field, before, after } = first;
    if (field === 'title') return `renamed ${quoted(short(before))} → ${quoted(short(after))}`;
    if (after === null) return `took ${field} away from ${what}`;
    return `set ${field} of ${what}`;
  }
  if (entities.size === 1) return `changed ${[...fields].join(', ')} of ${what}`;
  return `changed ${what}`;
}

function describeSettings(first: Effect, effects: readonly Effect[]): string {
  const fields = [...new Set(effects.map(({ field }) => field ?? 'settings'))];
  if (fields.length === 1 && fields[0] === 'name') {
    return `renamed the graph to ${quoted(short(first.after))}`;
  }
  const grantee = /^grant (.+)$/.exec(fields[0] ?? '')?.[1];
  if (fields.length === 1 && grantee !== undefined) {
    const who = grantee === '*' ? 'everyone else' : grantee;
    return first.after === null
      ? `took the role of ${who} away`
      : `gave ${who} the role ${String(first.after)}`;
  }
  if (fields.length === 1 && fields[0] === 'policy') return 'changed the conflict policy';
  return `changed the graph’s ${fields.join(', ')}`;
}

/** One thing by its name, several by their number. */
function things(effects: readonly Effect[], nameOf: NameOf): string {
  const nodes = new Map<string, Effect>();
  const edges = new Map<string, Effect>();
  for (const effect of effects) {
    if (effect.entityId === undefined) continue;
    (effect.entity === 'edge' ? edges : nodes).set(effect.entityId, effect);
  }
  const [only] = [...nodes.values(), ...edges.values()];
  if (nodes.size + edges.size === 1 && only) {
    return only.entity === 'edge' ? `the edge ${nameOf(only)}` : quoted(nameOf(only));
  }
  const parts = [
    nodes.size > 0 ? plural(nodes.size, 'node') : '',
    edges.size > 0 ? plural(edges.size, 'edge') : '',
  ];
  return parts.filter((part) => part !== '').join(' and ');
}

const SHORT_CHARS = 60;

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHORT_CHARS ? `${text.slice(0, SHORT_CHARS - 1)}…` : text;
}

function quoted(text: string): string {
  return `“${text}”`;
}

interface Named {
  title?: unknown;
  source?: unknown;
  target?: unknown;
}

/** The name that an effect's own values give, for entities that are gone. */
export function nameInValues({ before, after, field, entity }: Effect): string | undefined {
  if (field === 'title') {
    const title = after ?? before;
    return typeof title === 'string' ? title : undefined;
  }
  const whole = (after ?? before) as Named | null;
  if (field !== undefined || typeof whole !== 'object' || whole === null) return undefined;
  if (entity === 'edge') {
    return whole.source === undefined ? undefined : `${whole.source} → ${whole.target}`;
  }
  return typeof whole.title === 'string' && whole.title !== '' ? whole.title : undefined;
}
