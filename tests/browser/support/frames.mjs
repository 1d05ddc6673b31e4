// What a page shows, frame by frame, told by the page itself.

/**
 * Remembers, for each `event` that the page gets from now on, what a node looks like two animation
 * frames later: one for the work that the event caused, one in which that has been painted.
 */
export async function watchFramesAfter(page, event, id) {
  await page.evaluate(
    ([name, nodeId]) => {
      const seen = [];
      const look = (x, y) => {
        const node = document.querySelector(`.react-flow__node[data-id="${nodeId}"]`);
        const box = node?.getBoundingClientRect();
        seen.push({
          pointer: { x, y },
          middle: box && { x: box.x + box.width / 2, y: box.y + box.height / 2 },
          title: node?.querySelector('.entity-title')?.textContent,
          pending: document.querySelector(`[data-testid="pending-${nodeId}"]`) !== null,
        });
      };
      const onEvent = ({ clientX, clientY }) => {
        requestAnimationFrame(() => requestAnimationFrame(() => look(clientX, clientY)));
      };
      window.addEventListener(name, onEvent, { capture: true });
      window.framesSeen = seen;
      window.stopWatching = () => window.removeEventListener(name, onEvent, { capture: true });
    },
    [event, id],
  );
  return async () =>
    page.evaluate(async () => {
      for (let frame = 0; frame < 3; frame += 1) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
      window.stopWatching();
      return window.framesSeen;
    });
}

/** Writes down which of the nodes are marked as pending, each time that this changes. */
export async function watchMarks(page, ids) {
  await page.evaluate((nodeIds) => {
    const isMarked = (id) => document.querySelector(`[data-testid="pending-${id}"]`) !== null;
    const history = [nodeIds.filter(isMarked)];
    const look = () => {
      const marked = nodeIds.filter(isMarked);
      if (marked.join() !== history.at(-1).join()) history.push(marked);
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    window.marksSeen = history;
  }, ids);
  return () => page.evaluate(() => window.marksSeen);
}
