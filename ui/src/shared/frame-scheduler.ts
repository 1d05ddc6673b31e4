/**
 * Runs all waiting work in one animation frame. Hidden pages have no frames; there a slow timer
 * takes over, so that what arrives is still digested and queues stay short.
 */
const HIDDEN_MS = 500;

const waiting = new Set<() => void>();
let scheduled = false;

export function scheduleFrame(work: () => void): void {
  waiting.add(work);
  if (scheduled) return;
  scheduled = true;
  if (document.hidden) setTimeout(run, HIDDEN_MS);
  else requestAnimationFrame(run);
}

export function cancelFrame(work: () => void): void {
  waiting.delete(work);
}

function run(): void {
  scheduled = false;
  const due = [...waiting];
  waiting.clear();
  for (const work of due) work();
}

// A frame asked for just before the page was hidden would wait for its return.
if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden && scheduled) setTimeout(() => scheduled && run(), HIDDEN_MS);
  });
}
