// Looks at the system's processes, to end the console like a person's session manager would and to
// see what it leaves behind. Reads /proc only; touches no process that is not below ours.

import { readdir, readFile } from 'node:fs/promises';

async function processes() {
  const found = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').filter(Boolean);
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      const parent = Number(/^PPid:\t(\d+)$/m.exec(status)?.[1]);
      const zombie = /^State:\tZ/m.test(status);
      if (!zombie) found.push({ pid, parent, words });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** The console that keeps its data in the folder. */
export async function consoleOf(dataDir) {
  const all = await processes();
  const found = all.find(
    ({ words }) => words[0]?.endsWith('/graphy-console') && words.includes(dataDir),
  );
  return found?.pid;
}

/** The private Redis that the process started, itself or through a helper. */
export async function redisBelow(pid) {
  const all = await processes();
  const below = new Set([pid]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid: child, parent } of all) {
      if (below.has(parent) && !below.has(child)) {
        below.add(child);
        grown = true;
      }
    }
  }
  const isServer = ({ words }) => /(^|\/)(redis|valkey)-server/.test(words[0] ?? '');
  return all.find((candidate) => below.has(candidate.pid) && isServer(candidate))?.pid;
}

export async function isAlive(pid) {
  return (await processes()).some((candidate) => candidate.pid === pid);
}
