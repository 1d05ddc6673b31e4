import type { CommandBody, Edge, EdgePatch, Node, NodePatch, SimpleCommand } from '../protocol';
import type { Replica } from '../replica';

/** A command may weigh 32 KiB; without its base it is merged worse, but above that not at all. */
const BASE_CHARS_MAX = 8_000;

type Base = NonNullable<Extract<CommandBody, { type: 'UPDATE_NODE' }>['payload']['base']>;

/** The command with what its author saw in each field that could be merged. */
export function withBase(command: CommandBody, replica: Replica): CommandBody {
  if (command.type !== 'BATCH_UPDATE') return based(command, replica) as CommandBody;
  const operations = command.payload.operations.map(
    (operation) => based(operation, replica) as SimpleCommand,
  );
  return { ...command, payload: { ...command.payload, operations } };
}

function based(command: CommandBody, replica: Replica): CommandBody {
  if (command.type === 'UPDATE_NODE') {
    const { payload } = command;
    const base = payload.base ?? baseOf(replica.node(payload.id), payload.patch);
    return base === undefined ? command : { ...command, payload: { ...payload, base } };
  }
  if (command.type === 'UPDATE_EDGE') {
    const { payload } = command;
    const base = payload.base ?? baseOf(replica.edge(payload.id), payload.patch);
    return base === undefined ? command : { ...command, payload: { ...payload, base } };
  }
  return command;
}

const TEXT_FIELDS = ['title', 'label', 'kind'] as const;

function baseOf(entity: Node | Edge | undefined, patch: NodePatch & EdgePatch): Base | undefined {
  if (entity === undefined) return undefined;
  const seen = entity as Partial<Node & Edge>;
  const base: Base = {};
  for (const field of TEXT_FIELDS) {
    if (patch[field] !== undefined) base[field] = seen[field] ?? null;
  }
  for (const key of Object.keys(patch.data ?? {}))
    base[`data.${key}`] = (seen.data?.[key] ?? null) as Base[string];
  if (Object.keys(base).length === 0) return undefined;
  return JSON.stringify(base).length <= BASE_CHARS_MAX ? base : undefined;
}
