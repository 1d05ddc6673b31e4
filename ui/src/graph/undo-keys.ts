import type { CommandBody } from '../protocol';
import type { Replica } from '../replica';
import { uuidV7 } from '../shared/ids';

const REMEMBERED_MAX = 5_000;

/**
 * One press takes back one gesture: a drag or a paste that became several commands goes back as a
 * whole. The server keeps the order of this person's work; only the grouping is known here.
 */
export class UndoKeys {
  private readonly gestures = new Map<string, string>();

  constructor(
    private readonly replica: Replica,
    private readonly submit: (command: CommandBody, gesture: string) => void,
  ) {}

  /** The command belongs to a gesture. */
  note(operationId: string, gesture: string): void {
    this.gestures.set(operationId, gesture);
    if (this.gestures.size <= REMEMBERED_MAX) return;
    for (const oldest of this.gestures.keys()) {
      this.gestures.delete(oldest);
      break;
    }
  }

  /** The gesture of a command. */
  gestureOf(operationId: string): string | undefined {
    return this.gestures.get(operationId);
  }

  press(type: 'UNDO' | 'REDO'): void {
    const { ownWork } = this.replica;
    const steps = type === 'UNDO' ? ownWork.undo : ownWork.redo;
    const unknown = type === 'UNDO' ? ownWork.undoUnknown : ownWork.redoUnknown;
    const press = uuidV7();
    const newest = steps.at(-1);
    if (newest === undefined) {
      // There may be earlier work that this replica has not seen; the server knows.
      if (unknown) this.submit({ type, payload: {} }, press);
      return;
    }
    const gesture = this.gestures.get(newest.operationId);
    // Each submit changes the stacks, so what belongs together is gathered before.
    const group: string[] = [];
    for (const { operationId } of steps.toReversed()) {
      const same = gesture !== undefined && this.gestures.get(operationId) === gesture;
      if (group.length > 0 && !same) break;
      group.push(operationId);
    }
    for (const operationId of group) this.submit({ type, payload: { operationId } }, press);
  }
}
