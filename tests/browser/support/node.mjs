// Runs `graphy serve` processes of our own, each with its own data folder, and the operator
// commands against them. Every process that is started here is stopped here, by its pid.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from './wait.mjs';

const run = promisify(execFile);
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BINARY = process.env.GRAPHY_TEST_BINARY ?? join(ROOT, 'target/debug/graphy');

/** One `graphy serve` process. */
class ServeProcess {
  constructor(dataDir, words) {
    this.dataDir = dataDir;
    this.words = words;
    this.log = '';
  }

  async start() {
    let printed = '';
    const words = ['serve', '--json', '--data-dir', this.dataDir, ...this.words];
    this.child = spawn(BINARY, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdout.on('data', (data) => {
      printed += data;
    });
    this.child.stderr.on('data', (data) => {
      this.log += data;
    });
    this.started = await waitFor(`graphy ${words.join(' ')}`, () => {
      assert.equal(this.child.exitCode, null, `it ended: ${this.log}`);
      return printed.includes('\n') && JSON.parse(printed.split('\n')[0]);
    });
    this.url = this.started.url ?? this.started.apiUrl;
    return this;
  }

  /** Stands still, as a process does on a machine that hangs. */
  freeze() {
    this.child.kill('SIGSTOP');
  }

  thaw() {
    this.child.kill('SIGCONT');
  }

  async stop(signal = 'SIGTERM') {
    this.thaw();
    this.child.kill(signal);
    await this.ended;
  }
}

/** A node under test: one process, or an api and a worker process over one Redis. */
export class Node {
  static async start({ roles = 'one', args = [] } = {}) {
    const node = new Node();
    node.dataDir = await mkdtemp(join(tmpdir(), 'graphy-browser-'));
    try {
      const role = roles === 'one' ? 'all' : 'api';
      node.api = await new ServeProcess(node.dataDir, ['--role', role, ...args]).start();
      await node.readFile();
      if (roles === 'split') {
        node.workerDir = await mkdtemp(join(tmpdir(), 'graphy-browser-worker-'));
        const words = ['--role', 'worker', '--redis', node.redisUrl];
        node.worker = await new ServeProcess(node.workerDir, words).start();
      }
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  get url() {
    return this.api.url;
  }

  /** Learns the local token and Redis address, as the operator commands do. */
  async readFile() {
    const file = JSON.parse(await readFile(join(this.dataDir, 'node.json'), 'utf8'));
    this.token = file.token;
    this.redisUrl = file.redisUrl;
  }

  /** Ends the process with `signal`; the address stays its own until `comeBack`. */
  async goAway(signal) {
    await this.api.stop(signal);
  }

  async comeBack() {
    const { port } = new URL(this.url);
    const words = this.api.words.filter((word) => word !== '--listen' && !word.includes(':'));
    this.api = await new ServeProcess(this.dataDir, [
      ...words,
      '--listen',
      `127.0.0.1:${port}`,
    ]).start();
    await this.readFile();
  }

  async stop() {
    await this.worker?.stop();
    await this.api?.stop();
    for (const folder of [this.dataDir, this.workerDir]) {
      if (folder) await rm(folder, { recursive: true, force: true });
    }
  }

  /** An operator command about this node; the lines of JSON that it printed. */
  async graphy(...words) {
    const all = ['--json', '--data-dir', this.dataDir, ...words];
    const { stdout } = await run(BINARY, all, { maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim() === ''
      ? []
      : stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line));
  }

  async request(method, path, body) {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text;
  }

  async console(operation, payload = {}) {
    return JSON.parse(await this.request('POST', `/api/v2/console/${operation}`, payload));
  }

  /** Puts a command into the queue, as a client over HTTP does; it need not be applied yet. */
  async command(graphId, type, payload) {
    const body = { operationId: uuidV7(), type, payload };
    const answer = await this.request('POST', `/api/v2/graphs/${graphId}/command`, body);
    return JSON.parse(answer);
  }

  /** The stored graph: its nodes and edges by id. */
  async stored(graphId) {
    const state = JSON.parse(await this.request('GET', `/api/v2/graphs/${graphId}/state`));
    const byId = (items) => new Map(items.map((item) => [item.id, item]));
    return { version: state.version, nodes: byId(state.nodes), edges: byId(state.edges) };
  }

  async graphs() {
    return (await this.console('graphs.list')).graphs;
  }

  async newGraph(name) {
    return (await this.console('graphs.create', { name })).graphId;
  }

  /** The dependency graph of this repository, brought in by the importer; returns its id. */
  async importLockFile(name) {
    const before = new Set((await this.graphs()).map(({ graphId }) => graphId));
    await this.graphy('import', '--name', name, join(ROOT, 'Cargo.lock'));
    const graph = (await this.graphs()).find(({ graphId }) => !before.has(graphId));
    assert.ok(graph, 'the imported graph is listed');
    return graph.graphId;
  }

  /** Recomputes the checksum of the stored graph from Redis alone; fails if it differs. */
  async verify(graphId) {
    const [report] = await this.graphy('verify', 'graph', graphId);
    assert.equal(report.matches, true, JSON.stringify(report));
    return report;
  }

  /** A token of somebody's own: each name is another user. */
  async tokenFor(name, role = 'editor') {
    return (await this.console('tokens.create', { name, role, userId: name })).token;
  }

  /** A URL that lets one browser in, once. */
  async ticketUrl() {
    const [answer] = await this.graphy('ticket');
    return answer.url ?? answer.ticketUrl;
  }

  /** The series of `/metrics` by name with labels. */
  async metrics() {
    const text = await this.request('GET', '/metrics');
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
    );
  }

  async redis(...words) {
    const { stdout } = await run('redis-cli', ['-s', join(this.dataDir, 'redis.sock'), ...words], {
      env: { ...process.env, REDISCLI_AUTH: new URL(this.redisUrl).searchParams.get('pass') },
    });
    return stdout;
  }
}

function uuidV7() {
  const time = Date.now().toString(16).padStart(12, '0');
  const random = crypto.randomUUID();
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}
