import type { CommandBody, SimpleCommand } from '../protocol';

/** The server takes 100 commands in a batch and 32 KiB in a command; stay clear of both. */
const OPERATIONS_MAX = 100;
const CHARACTERS_MAX = 24_000;

/** Packs operations, in order, into as few commands as the limits allow. */
export function packOperations(operations: readonly SimpleCommand[]): CommandBody[] {
  const commands: CommandBody[] = [];
  let batch: SimpleCommand[] = [];
  let characters = 0;
  const close = () => {
    const [first] = batch;
    if (first === undefined) return;
    commands.push(
      batch.length === 1
        ? first
        : { type: 'BATCH_UPDATE', payload: { operations: batch, atomic: false } },
    );
    batch = [];
    characters = 0;
  };
  for (const operation of operations) {
    const size = JSON.stringify(operation).length;
    if (batch.length >= OPERATIONS_MAX || characters + size > CHARACTERS_MAX) close();
    batch.push(operation);
    characters += size;
  }
  close();
  return commands;
}
