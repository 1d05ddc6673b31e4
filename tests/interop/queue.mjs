// The command queue as a Node program sees it, through the vendor's own library.
//
// usage: node queue.mjs <word> [json]      REDIS_URL names the Redis
// Each word prints one line of JSON; `finish` prints "listening" first.

import { Queue, QueueEvents } from "bullmq";
import IORedis from "ioredis";

const QUEUE = "graph-commands";
const FINISH_WAIT_MS = 60_000;

const connection = new IORedis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
const queue = new Queue(QUEUE, { connection });

const words = {
  // What waits for a worker, oldest first, and how many jobs are in which state.
  async waiting() {
    const jobs = await queue.getJobs(["wait"], 0, -1, true);
    return {
      counts: await queue.getJobCounts(),
      jobs: jobs.map((job) => ({ id: job.id, name: job.name, data: job.data })),
    };
  },

  // How many jobs are in which state, and which workers are connected.
  async counts() {
    const workers = await queue.getWorkers();
    return { counts: await queue.getJobCounts(), workers: workers.map((worker) => worker.name) };
  },

  // Failed jobs with their reasons, newest first.
  async failed() {
    const jobs = await queue.getJobs(["failed"], 0, -1);
    return jobs.map((job) => ({ id: job.id, data: job.data, reason: job.failedReason }));
  },

  // Waits until jobs have ended, and tells what their workers returned.
  async finish(ids) {
    return withEvents(async (events) => {
      const jobs = await Promise.all(ids.map((id) => queue.getJob(id)));
      say("listening");
      return Promise.all(jobs.map((job) => job.waitUntilFinished(events, FINISH_WAIT_MS)));
    });
  },

  // Adds a job of the documented form, waits for its end, and tells what its worker returned.
  async produce(data) {
    return withEvents(async (events) => {
      const job = await queue.add("COMMANDS", data);
      return { id: job.id, returned: await job.waitUntilFinished(events, FINISH_WAIT_MS) };
    });
  },
};

async function withEvents(action) {
  const events = new QueueEvents(QUEUE, { connection: connection.duplicate() });
  try {
    await events.waitUntilReady();
    return await action(events);
  } finally {
    await events.close();
  }
}

function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const [word, argument] = process.argv.slice(2);
try {
  say(await words[word](argument === undefined ? undefined : JSON.parse(argument)));
} finally {
  await queue.close();
  connection.disconnect();
}
// A connection that the library keeps must not keep this process.
process.exit();
