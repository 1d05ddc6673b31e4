// The node inside the console as another client sees it: found by its runtime file, spoken to over
// HTTP, and its Redis kept from writing for a moment.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PAUSE_MS_MAX = 60_000;

/** The node that keeps its data in the folder, and the one graph of a fresh console. */
export async function nodeOf(dataDir) {
  const node = await nodeAt(dataDir);
  const { graphs } = await node.request('POST', '/api/v2/console/graphs.list', {});
  assert.equal(graphs.length, 1, 'the console has the graph that it came with');
  node.graphId = graphs[0].graphId;
  return node;
}

/** The node that keeps its data in the folder, if it runs. */
export async function nodeAt(dataDir) {
  return new Node(dataDir, JSON.parse(await readFile(join(dataDir, 'node.json'), 'utf8')));
}

class Node {
  constructor(dataDir, { apiUrl, token, redisUrl }) {
    this.apiUrl = apiUrl;
    this.token = token;
    this.socket = join(dataDir, 'redis.sock');
    this.password = new URL(redisUrl).searchParams.get('pass');
  }

  async request(method, path, body) {
    const answer = await fetch(new URL(path, this.apiUrl), {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** The stored nodes by id. */
  async nodes() {
    const { nodes } = await this.request('GET', `/api/v2/graphs/${this.graphId}/state`);
    return new Map(nodes.map((node) => [node.id, node]));
  }

  /** How often the history of the graph has a title for a node. */
  async timesRenamed(id, title) {
    const request = { graphId: this.graphId, entityId: id };
    const page = await this.request('POST', '/api/v2/console/history.list', request);
    const effects = page.entries.flatMap((entry) => entry.effects);
    return effects.filter((effect) => effect.field === 'title' && effect.after === title).length;
  }

  /** Makes a node; ends when it is there. */
  async createNode(id, title) {
    const operationId = uuidV7();
    const body = { operationId, type: 'CREATE_NODE', payload: { id, title } };
    await this.request('POST', `/api/v2/graphs/${this.graphId}/command`, body);
    await this.request('GET', `/api/v2/operations/${operationId}?wait=10000`);
  }

  /** Deletes a node; ends when that is durable in the queue. */
  deleteNode(id) {
    const body = { operationId: uuidV7(), type: 'DELETE_NODE', payload: { id } };
    return this.request('POST', `/api/v2/graphs/${this.graphId}/command`, body);
  }

  /** Runs `work` while Redis answers reads but lets all writes wait. */
  async withoutWrites(work) {
    await this.redis('CLIENT', 'PAUSE', String(PAUSE_MS_MAX), 'WRITE');
    try {
      await work();
    } finally {
      await this.redis('CLIENT', 'UNPAUSE');
    }
  }

  async redis(...words) {
    const env = { ...process.env, REDISCLI_AUTH: this.password };
    await run('redis-cli', ['-s', this.socket, ...words], { env });
  }
}

export function uuidV7() {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
