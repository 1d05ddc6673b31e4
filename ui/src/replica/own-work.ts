/**
 * What this person may take back and bring back, as far as this replica has seen it: the same
 * rules as the server's stacks (`crates/model/src/recall.rs`), with the entities before and after
 * each step, so that an undo is on screen before the server has heard of it.
 *
 * What was done before the graph was opened here is not known; the server is asked all the same.
 */
import type { CommandBody } from '../protocol';
import type { Footprint } from './footprint';

export interface Step {
  readonly operationId: string;
  readonly footprint: Footprint;
}

const STEPS_MAX = 100;

export class OwnWork {
  /** Newest last. */
  undo: Step[] = [];
  redo: Step[] = [];
  /** Whether there may be steps below the known ones. */
  undoUnknown = true;
  redoUnknown = true;

  copy(): OwnWork {
    const copy = Object.assign(new OwnWork(), this);
    copy.undo = [...this.undo];
    copy.redo = [...this.redo];
    return copy;
  }

  /** Takes in this person's next command. `target`: what an undo or redo turned round. */
  note(type: CommandBody['type'], step: Step, target?: string): void {
    const empty = step.footprint.empty;
    if (type === 'UNDO') {
      drop(this.undo, target);
      if (!empty) push(this.redo, step);
    } else if (type === 'REDO') {
      drop(this.redo, target);
      if (!empty) push(this.undo, step);
    } else if (!empty) {
      push(this.undo, step);
      this.redo = [];
      this.redoUnknown = false;
    }
  }

  /** What an undo or redo means: the named step, or the newest. */
  target(type: 'UNDO' | 'REDO', named: string | undefined): Step | undefined {
    const steps = type === 'UNDO' ? this.undo : this.redo;
    if (named === undefined) return steps.at(-1);
    return steps.findLast(({ operationId }) => operationId === named);
  }

  /** The server says that there is nothing (more) to turn round. */
  exhausted(type: 'UNDO' | 'REDO'): void {
    if (type === 'UNDO') {
      this.undo = [];
      this.undoUnknown = false;
    } else {
      this.redo = [];
      this.redoUnknown = false;
    }
  }
}

function push(steps: Step[], step: Step): void {
  steps.push(step);
  if (steps.length > STEPS_MAX) steps.shift();
}

function drop(steps: Step[], target: string | undefined): void {
  const at = steps.findLastIndex(({ operationId }) => operationId === target);
  if (at >= 0) steps.splice(at, 1);
}
