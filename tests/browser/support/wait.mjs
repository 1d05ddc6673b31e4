// Waiting for a level: a state that is asked for again until it holds, never an amount of time.

const AGAIN_MS = 25;
export const DEADLINE_MS = 30_000;

/**
 * Asks until the answer is neither `undefined` nor `false`, and returns it. At the deadline it
 * fails and says what was waited for and what was seen last.
 */
export async function waitFor(what, ask, deadlineMs = DEADLINE_MS) {
  const end = Date.now() + deadlineMs;
  let fault;
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      fault = undefined;
    } catch (error) {
      fault = error;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  throw new Error(`waited ${deadlineMs} ms for ${what}`, { cause: fault });
}

/** Waits until `read` gives `wanted`; the failure shows what it gave last. */
export async function waitForValue(what, read, wanted, deadlineMs = DEADLINE_MS) {
  let last;
  const same = async () => {
    last = await read();
    return wanted instanceof RegExp ? wanted.test(last) : last === wanted;
  };
  try {
    await waitFor(what, same, deadlineMs);
  } catch (cause) {
    throw new Error(`${what}: wanted ${wanted}, last seen ${JSON.stringify(last)}`, { cause });
  }
}
