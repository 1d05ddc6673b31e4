// Edits a graph over a WebSocket, together with everybody else.
//
// usage: GRAPHY_TOKEN=<token> node client.mjs <url> <graph>
//
// Each line of standard input is a command without its envelope, such as
//     {"type": "CREATE_NODE", "payload": {"id": "a", "title": "A"}}
// Each line of standard output says what happened. After the last line of input the client waits
// until the server has everything, and ends.

import { randomBytes, randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { Graph } from './graph.mjs';

const SILENCE_MS = 20_000; // The server speaks at least every 10 s.
const IN_FLIGHT_MAX = 100; // Commands that may be without an outcome.
const RETRY_MS = 500;
const PENDING_MAX = 1000; // Ids that a hello may name.
const WAIT_MS = { first: 250, longest: 10_000 };
const BROKEN_CODES = [1002, 1003, 1007, 1009]; // The client broke a rule, and would break it again.

/** One client of one graph: what it holds, and what it has not heard the outcome of. */
class Session {
  // A name of its own for each run, because the commands are counted from 1.
  clientId = `node-${randomUUID()}`;
  seq = 0;
  pending = new Map(); // id -> command, in the order of seq
  inFlight = new Set();
  graph = new Graph();
  epoch = undefined;
  version = undefined;
  loading = undefined; // a full state of which chunks are missing
  synced = false;
  socket = undefined;
  waitMs = WAIT_MS.first;
  retryAfterMs = undefined;

  constructor(url, graphId, token, say) {
    this.url = `${url.replace(/^http/, 'ws')}/api/v2/graphs/${graphId}/subscribe`;
    this.token = token;
    this.say = say;
  }

  /** Asks for a change; it is kept until its outcome is known. */
  edit(type, payload) {
    this.seq += 1;
    const operationId = newId();
    const command = { operationId, clientId: this.clientId, seq: this.seq, type, payload };
    this.pending.set(operationId, command);
    this.sendPending();
  }

  /** Stays connected until the server does not want this client back. */
  async run() {
    for (;;) {
      const { code, reason } = await this.serve();
      this.synced = false;
      if ((code >= 4500 && code <= 4999) || BROKEN_CODES.includes(code)) {
        throw new Error(`the server ended the session: ${code} ${reason}`);
      }
      const pauseMs = this.retryAfterMs ?? this.waitMs * (0.5 + Math.random() / 2);
      this.retryAfterMs = undefined;
      this.waitMs = Math.min(2 * this.waitMs, WAIT_MS.longest);
      this.say('offline', { reason, pending: this.pending.size });
      await sleep(pauseMs);
    }
  }

  /** Serves one socket to its end. */
  serve() {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.url, { handshakeTimeout: 10_000 });
      this.socket = socket;
      let fault = 'the connection was lost';
      let silence;
      const heard = () => {
        clearTimeout(silence);
        silence = setTimeout(() => socket.terminate(), SILENCE_MS);
      };
      socket.on('open', () => {
        heard();
        this.sayHello();
      });
      socket.on('message', (text) => {
        heard();
        this.take(JSON.parse(text));
      });
      socket.on('error', (error) => {
        fault = error.message;
      });
      socket.on('close', (code, reason) => {
        clearTimeout(silence);
        resolve({ code, reason: reason.toString() || fault });
      });
    });
  }

  sayHello() {
    this.synced = false;
    this.loading = undefined;
    this.inFlight.clear();
    this.send({
      type: 'hello',
      token: this.token,
      clientId: this.clientId,
      epoch: this.epoch,
      version: this.version,
      pending: [...this.pending.keys()].slice(0, PENDING_MAX),
    });
  }

  take(frame) {
    switch (frame.type) {
      case 'sync':
        this.takeSync(frame);
        break;
      case 'state_update':
        if (this.synced) this.takeOperations(frame);
        break;
      case 'command_result':
        this.settle(frame.operationId, frame.outcome);
        break;
      case 'revert':
        this.settle(frame.operationId, rejected(frame));
        break;
      case 'error':
        this.takeError(frame);
        break;
      case 'going_away':
        this.retryAfterMs = frame.retryAfterMs;
        break;
      default: // Heartbeats, presence, and what will be new some day.
    }
    this.sendPending();
  }

  takeError(frame) {
    const { operationId, code, message } = frame;
    if (operationId === undefined) {
      this.say('error', { code, message });
    } else if (frame.retryable) {
      // The server could not take the command now; it may in a moment.
      setTimeout(() => {
        this.inFlight.delete(operationId);
        this.sendPending();
      }, RETRY_MS);
    } else {
      this.settle(operationId, rejected(frame));
    }
  }

  /** Comes to the present: by nothing, by what was missed, or by the whole state. */
  takeSync(frame) {
    if (frame.mode === 'full') {
      if (frame.chunk === 0) this.loading = new Graph();
      this.loading.load(frame);
      if (frame.chunk + 1 < frame.chunks) return;
      if (this.epoch !== undefined && this.epoch !== frame.epoch) this.countAnew();
      this.graph = this.loading;
      this.loading = undefined;
      this.epoch = frame.epoch;
      this.version = frame.version;
    } else if (frame.mode === 'behind') {
      for (const operation of frame.operations) this.graph.apply(operation);
      this.version = frame.toVersion;
      if (!frame.last) return;
    } else if (frame.mode !== 'in_sync') {
      return; // Not one that this client asks for.
    }
    for (const { operationId, outcome } of frame.landed) this.settle(operationId, outcome);
    this.synced = true;
    this.waitMs = WAIT_MS.first;
    // Without an outcome means: not there. What is sent again keeps its id.
    this.inFlight.clear();
    this.verify(frame);
  }

  /** Applies what was just changed, if it follows on what is held. */
  takeOperations(frame) {
    if (frame.epoch !== this.epoch || frame.fromVersion !== this.version) {
      this.synced = false;
      this.send({ type: 'request_sync', epoch: this.epoch, version: this.version });
      return;
    }
    for (const operation of frame.operations) this.graph.apply(operation);
    this.version = frame.toVersion;
    this.verify(frame);
  }

  /** Compares the sum of all hashes with the server's; heals a difference by a full sync. */
  verify({ checksum: expected }) {
    const checksum = this.graph.checksum();
    if (checksum !== expected) {
      this.say('diverged', { expected, checksum });
      this.synced = false;
      this.send({ type: 'request_sync' });
      return;
    }
    const { size: nodes } = this.graph.nodes;
    const { size: edges } = this.graph.edges;
    this.say('state', { version: this.version, checksum, nodes, edges });
  }

  settle(operationId, outcome) {
    this.inFlight.delete(operationId);
    if (this.pending.delete(operationId)) this.say('outcome', { operationId, outcome });
  }

  /** The graph began a new life, in which no command of this client was counted. */
  countAnew() {
    this.seq = 0;
    for (const command of this.pending.values()) {
      this.seq += 1;
      command.seq = this.seq;
    }
  }

  /** Sends what is not under way, in order, and not too much at once. */
  sendPending() {
    if (!this.synced) return;
    for (const [operationId, command] of this.pending) {
      if (this.inFlight.size >= IN_FLIGHT_MAX) break;
      if (this.inFlight.has(operationId)) continue;
      this.inFlight.add(operationId);
      this.send({ type: 'command', command });
    }
  }

  send(frame) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }
}

function rejected({ code, message }) {
  return { status: 'rejected', code, message };
}

/** A UUIDv7: 48 bits of milliseconds, then random bits. */
function newId() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Takes commands from standard input; ends when the server has all of them. */
async function editLines(session) {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue;
    const { type, payload } = JSON.parse(line);
    session.edit(type, payload);
  }
  while (session.pending.size > 0 || !session.synced) await sleep(50);
}

function say(event, fields) {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

const [url, graphId] = process.argv.slice(2);
const token = process.env.GRAPHY_TOKEN;
if (graphId === undefined || token === undefined) {
  process.stderr.write('usage: GRAPHY_TOKEN=<token> node client.mjs <url> <graph>\n');
  process.exit(2);
}
const session = new Session(url, graphId, token, say);
try {
  await Promise.race([session.run(), editLines(session)]);
  process.exitCode = 0;
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
session.socket?.terminate();
process.exit();
