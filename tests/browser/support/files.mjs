// Files for imports: real ones of this repository, and broken ones made of them.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './node.mjs';

export const CARGO_LOCK = join(ROOT, 'Cargo.lock');
export const PACKAGE_LOCK = join(ROOT, 'ui/package-lock.json');

/** A folder for files of one test run; `clear` removes it. */
export class Files {
  static async make() {
    const files = new Files();
    files.folder = await mkdtemp(join(tmpdir(), 'graphy-browser-files-'));
    return files;
  }

  async write(name, text) {
    const path = join(this.folder, name);
    await writeFile(path, text);
    return path;
  }

  async clear() {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The repository's Cargo.lock with a fault in one line; `line` counts from 1. */
export async function brokenCargoLock() {
  const lines = (await readFile(CARGO_LOCK, 'utf8')).split('\n');
  const at = lines.findIndex((text, index) => index > 40 && text.startsWith('version = '));
  lines[at] = 'version = ';
  return { text: lines.join('\n'), line: at + 1 };
}

/** How many nodes and edges Cargo.lock and package-lock.json are about, read in our own way. */
export async function packagesIn(path) {
  const text = await readFile(path, 'utf8');
  if (path.endsWith('Cargo.lock')) return text.split('\n[[package]]\n').length - 1;
  const { packages } = JSON.parse(text);
  return Object.values(packages).filter((entry) => !entry.link).length;
}

/** A small graph as Graphy exports it. */
export function graphyJson(name, titles) {
  const nodes = titles.map((title, index) => ({
    id: `n${index}`,
    kind: 'default',
    title,
    position: { x: 260 * index, y: 120 * (index % 2) },
    data: { rank: index },
  }));
  const edges = titles.slice(1).map((_, index) => ({
    id: `e${index}`,
    source: `n${index}`,
    target: `n${index + 1}`,
    label: 'then',
    data: {},
  }));
  return JSON.stringify({ format: 'graphy', formatVersion: 1, name, nodes, edges }, null, 2);
}
