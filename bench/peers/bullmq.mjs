// The queue as Node's BullMQ runs it: the twin of crates/testkit/src/bench/queue/ours.rs.
//
// usage: node bullmq.mjs <redis> <word> <json>
// Prints one line of JSON when it is done. Workers print "ready" first, and stop when their input
// ends.

import { Queue, Worker } from "bullmq";
import IORedis from "ioredis";
import { redisAddress } from "./redis-address.mjs";

const [address, word, text] = process.argv.slice(2);
const options = JSON.parse(text);
const connection = { ...redisAddress(address), maxRetriesPerRequest: null };
// How many nodes an editor makes and then moves in turn; the same in flood.rs.
const NODES = 50;
const JOB = { attempts: 3, backoff: { type: "exponential", delay: 200 }, removeOnComplete: { count: 1000 } };

// CLOCK_MONOTONIC: the same in all processes of the machine, and nobody sets it.
const nowUs = () => Number(process.hrtime.bigint() / 1000n);

function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

// Measures an action from its beginning to its end.
async function measured(jobs, action) {
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  await action();
  const spent = process.cpuUsage(cpu);
  say({ jobs, seconds: (performance.now() - began) / 1000, cpuUs: spent.user + spent.system });
}

// Random enough for a bench, and as cheap as can be.
let ids = 0;
const run = process.pid.toString(16).padStart(12, "0");
function uuidV7() {
  const time = Date.now().toString(16).padStart(12, "0");
  ids += 1;
  const count = ids.toString(16).padStart(6, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count.slice(0, 3)}-8${count.slice(3)}-${run}`;
}

function openQueue() {
  return new Queue(options.queue, { connection, defaultJobOptions: JOB });
}

function stopped() {
  return new Promise((resolve) => process.stdin.resume().once("end", resolve));
}

const quantiles = (values) => {
  values.sort((a, b) => a - b);
  const at = (q) => (values[Math.min(values.length - 1, Math.floor(q * values.length))] ?? 0) / 1000;
  return { count: values.length, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
};

const words = {
  // Each caller waits for its job before it adds the next; all share the queue's connection.
  async add() {
    const queue = openQueue();
    await queue.waitUntilReady();
    const caller = async () => {
      for (let n = 0; n < options.jobs / options.callers; n += 1) {
        await queue.add("COMMANDS", options.data);
      }
    };
    await measured(options.jobs, () => Promise.all(Array.from({ length: options.callers }, caller)));
  },

  async bulk() {
    const queue = openQueue();
    await queue.waitUntilReady();
    const batch = Array.from({ length: options.batch }, () => ({ name: "COMMANDS", data: options.data }));
    await measured(options.jobs, async () => {
      for (let n = 0; n < options.jobs; n += batch.length) {
        await queue.addBulk(batch);
      }
    });
  },

  async process() {
    let done = 0;
    await measured(options.jobs, () => new Promise((resolve) => {
      const work = async () => {
        done += 1;
        if (done === options.jobs) {
          resolve();
        }
      };
      new Worker(options.queue, work, { connection, concurrency: options.concurrency });
    }));
  },

  // Adds jobs when they are due, whatever became of the ones before.
  async feed() {
    const queue = openQueue();
    await queue.waitUntilReady();
    const total = Math.floor(options.rate * options.seconds);
    const adds = [];
    await measured(total, async () => {
      const began = nowUs();
      for (let n = 0; n < total; ) {
        for (; n < total; n += 1) {
          const due = began + Math.round((n * 1e6) / options.rate);
          if (due > nowUs()) {
            break;
          }
          adds.push(queue.add("COMMANDS", { ...options.data, due }));
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await Promise.all(adds);
    });
  },

  // Adds jobs with so many under way.
  async flood() {
    const queue = openQueue();
    await queue.waitUntilReady();
    const until = nowUs() + options.seconds * 1e6;
    const one = async () => {
      while (nowUs() < until) {
        await queue.add("COMMANDS", { ...options.data, due: nowUs() });
      }
    };
    await Promise.all(Array.from({ length: options.inFlight }, one));
    say({});
  },

  // Works until it is told to stop; tells how long after their time jobs began.
  async serve() {
    const late = [];
    const from = nowUs() + options.warmUpSeconds * 1e6;
    const work = async (job) => {
      const now = nowUs();
      if (job.data.due >= from) {
        late.push(now - job.data.due);
      }
    };
    const worker = new Worker(options.queue, work, { connection, concurrency: options.concurrency });
    await worker.waitUntilReady();
    say("ready");
    await stopped();
    say({ latency: quantiles(late) });
  },

  // Carries commands out, one in a job: what a plain worker writes for a command of an editor.
  // Time counts from the first one on.
  async commands() {
    const redis = new IORedis(connection);
    redis.defineCommand("applyCommand", {
      numberOfKeys: 2,
      lua: `
        redis.call("HSET", KEYS[1], ARGV[1], ARGV[2])
        redis.call("XADD", KEYS[2], "MAXLEN", "~", 10000, "*", "command", ARGV[2])
        redis.call("PUBLISH", KEYS[2], ARGV[2])
        return 1`,
    });
    let done = 0;
    let [cpu, began] = [undefined, undefined];
    await new Promise((resolve) => {
      const work = async ({ data: { graphId, commands } }) => {
        began ??= performance.now();
        cpu ??= process.cpuUsage();
        const [command] = commands;
        await redis.applyCommand(
          `{${graphId}}:nodes`, `{${graphId}}:events`, command.payload.id, JSON.stringify(command),
        );
        done += 1;
        if (done === options.jobs) {
          resolve();
        }
      };
      new Worker(options.queue, work, { connection, concurrency: options.concurrency });
      say("ready");
    });
    const spent = process.cpuUsage(cpu);
    const seconds = (performance.now() - began) / 1000;
    say({ jobs: options.jobs, seconds, cpuUs: spent.user + spent.system });
  },

  // Adds commands of editors, one for each graph, that make nodes and move them: so many in a job,
  // so many in a call.
  async edits() {
    const queue = openQueue();
    await queue.waitUntilReady();
    const edit = (graph, n) => {
      const [id, position] = [`n${n % NODES}`, { x: n, y: 1.5 }];
      return {
        operationId: uuidV7(), clientId: `caller-${graph}`, seq: n + 1,
        userId: "caller", acceptedAt: Date.now(),
        ...(n < NODES
          ? { type: "CREATE_NODE", payload: { id, title: `Node ${n}`, position } }
          : { type: "UPDATE_NODE", payload: { id, patch: { position } } }),
      };
    };
    const job = (index) => {
      const [graph, first] = [index % options.graphs, Math.floor(index / options.graphs) * options.perJob];
      const commands = Array.from({ length: options.perJob }, (_, place) => edit(graph, first + place));
      return {
        name: options.perJob > 1 ? "COMMANDS" : commands[0].type,
        data: { graphId: `bench-${graph}`, commands },
      };
    };
    const [jobs, inCall] = [options.jobs / options.perJob, options.batch / options.perJob];
    say("ready");
    await measured(options.jobs, async () => {
      for (let index = 0; index < jobs; index += inCall) {
        await queue.addBulk(Array.from({ length: inCall }, (_, place) => job(index + place)));
      }
    });
  },
};

await words[word]();
process.exit();
