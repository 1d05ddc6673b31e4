/**
 * Runs all waiting work in one animation frame. Hidden pages have no frames; there a slow timer
 * takes over, so that what arrives is still digested and queues stay short.
 */
const HIDDEN_MS = 500;

const waiting = new Set<() => void>();
let cancelScheduled: (() => void) | undefined;

export function scheduleFrame(work: () => void): void {
  waiting.add(work);
  if (cancelScheduled === undefined) schedule();
}

export function cancelFrame(work: () => void): void {
  waiting.delete(work);
  if (waiting.size === 0) stop();
}

function schedule(): void {
  if (document.hidden) {
    const timer = setTimeout(run, HIDDEN_MS);
    cancelScheduled = () => clearTimeout(timer);
  } else {
    const frame = requestAnimationFrame(run);
    cancelScheduled = () => cancelAnimationFrame(frame);
  }
}

function stop(): void {
  cancelScheduled?.();
  cancelScheduled = undefined;
}

function run(): void {
  cancelScheduled = undefined;
  const due = [...waiting];
  waiting.clear();
  for (const work of due) {
    try {
      work();
    } catch (cause) {
      // One part's fault must not cost the others their frame.
      reportError(cause);
    }
  }
}

// A frame asked for just before the page was hidden would wait for its return.
document.addEventListener('visibilitychange', () => {
  if (waiting.size === 0) return;
  stop();
  schedule();
});
