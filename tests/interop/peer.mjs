// One end of a queue, as Node's BullMQ is: producer, worker, listener, operator.
//
// usage: node peer.mjs <word> <json>       REDIS_URL names the Redis; the JSON names the queue
// Words that go on until they are killed print "listening" first, then a line of JSON for each
// thing that happens; the others print one line of JSON.

import { Queue, QueueEvents, Worker } from "bullmq";
import IORedis from "ioredis";

const [word, argument] = process.argv.slice(2);
const { queue: name, holdsAll, ...options } = JSON.parse(argument);
const connection = new IORedis(process.env.REDIS_URL, { maxRetriesPerRequest: null });

function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function withQueue(action) {
  const queue = new Queue(name, { connection });
  try {
    say(await action(queue));
  } finally {
    await queue.close();
    connection.disconnect();
  }
  // A connection that the library keeps must not keep this process.
  process.exit();
}

const words = {
  // Adds jobs in their order; tells their ids.
  add: () =>
    withQueue(async (queue) => {
      const ids = [];
      for (const job of options.jobs) {
        ids.push((await queue.add(job.name, job.data ?? {}, job.opts)).id);
      }
      return ids;
    }),

  // Makes or changes a scheduler.
  schedule: () =>
    withQueue(async (queue) => {
      await queue.upsertJobScheduler(options.id, options.repeat, options.template);
      return (await queue.getJobSchedulers()).map((scheduler) => scheduler.key);
    }),

  pause: () => withQueue(async (queue) => (await queue.pause(), await queue.isPaused())),
  resume: () => withQueue(async (queue) => (await queue.resume(), await queue.isPaused())),
  counts: () => withQueue((queue) => queue.getJobCounts()),

  // What is known of a job.
  job: () =>
    withQueue(async (queue) => {
      const job = await queue.getJob(options.id);
      return { state: await job.getState(), ...job.toJSON(), reason: job.failedReason };
    }),

  // Works until it is killed. A job fails as often as its data says (`fails`), is held for ever
  // (`holds`), or returns who ran it. With `holdsAll` every job is held.
  async work() {
    const work = async (job) => {
      say({ runs: job.id, name: job.name, attempt: job.attemptsMade + 1, at: Date.now() });
      if (holdsAll || job.data.holds) {
        await new Promise(() => {});
      }
      if (job.attemptsMade < (job.data.fails ?? 0)) {
        throw new Error(`failure ${job.attemptsMade + 1}`);
      }
      await new Promise((resolve) => setTimeout(resolve, job.data.takesMs ?? 0));
      return { by: "node" };
    };
    const worker = new Worker(name, work, { connection, concurrency: 1, autorun: false, ...options });
    worker.on("error", (error) => say({ fault: String(error) }));
    await worker.waitUntilReady();
    // Before it takes a job, which may be waiting already.
    say("listening");
    void worker.run();
  },

  // Tells every event of the queue until it is killed.
  async watch() {
    const events = new QueueEvents(name, { connection });
    events.on("error", (error) => say({ fault: String(error) }));
    for (const event of ["added", "completed", "failed", "delayed", "stalled", "paused", "resumed"]) {
      events.on(event, (fields) => say({ event, ...fields }));
    }
    await events.waitUntilReady();
    say("listening");
  },
};

await words[word]();
