// People who write over HTTP, each with a token and a client of their own: what they write has
// seen only what they say it has seen, so that two of them can meet on purpose.

import assert from 'node:assert/strict';
import { waitFor } from './wait.mjs';

export class Writer {
  /** Somebody new with a user of their own. */
  static async join(node, name, role = 'editor') {
    const writer = new Writer();
    writer.node = node;
    const { token } = await node.console('tokens.create', { name, role, userId: name });
    writer.token = token;
    writer.clientId = `${name}-client`;
    writer.seqs = new Map();
    return writer;
  }

  /** Sends a command made at `baseVersion` and waits for its outcome. */
  async send(graphId, type, payload, baseVersion) {
    const seq = (this.seqs.get(graphId) ?? 0) + 1;
    this.seqs.set(graphId, seq);
    const operationId = uuidV7();
    const command = { operationId, type, payload, clientId: this.clientId, seq, baseVersion };
    await this.request('POST', `/api/v2/graphs/${graphId}/command`, command);
    return waitFor(`the outcome of ${type}`, async () => {
      const path = `/api/v2/operations/${operationId}?wait=5000`;
      const { outcome } = await this.request('GET', path);
      return outcome ?? false;
    });
  }

  async request(method, path, body) {
    const answer = await fetch(`${this.node.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** Writes one field of a node, having seen `base` at `baseVersion`. */
  set(graphId, id, field, value, base, baseVersion) {
    const key = field.replace(/^data\./, '');
    const patch = key === field ? { [field]: value } : { data: { [key]: value } };
    return this.send(graphId, 'UPDATE_NODE', { id, patch, base: { [field]: base } }, baseVersion);
  }
}

/** Two writers write one field without having seen each other; returns how the second one ended. */
export async function meet(node, graphId, [first, second], id, field, [mine, theirs]) {
  const { version, nodes } = await node.stored(graphId);
  const entity = nodes.get(id);
  const key = field.replace(/^data\./, '');
  const base = (key === field ? entity[field] : entity.data[key]) ?? null;
  const stays = await first.set(graphId, id, field, theirs, base, version);
  assert.equal(stays.status, 'applied', JSON.stringify(stays));
  return second.set(graphId, id, field, mine, base, version);
}

function uuidV7() {
  const time = Date.now().toString(16).padStart(12, '0');
  const random = crypto.randomUUID();
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}
