// A program of somebody else that shares the Redis: its queue, its worker, its scheduler.
//
// usage: node foreign.mjs <6|5> <word>      REDIS_URL names the Redis
// `leave` makes jobs in every state and ends; `work` runs a worker until its input ends, and prints
// "ready" first.

const [version, word] = process.argv.slice(2);
const { Queue, Worker } = await import(version === "5" ? "bullmq5" : "bullmq");
const name = `shop-${version}`;

// The connection options, not a connection: each version brings its own client.
const url = new URL(process.env.REDIS_URL);
const connection = {
  host: url.hostname,
  port: Number(url.port),
  password: decodeURIComponent(url.password),
  maxRetriesPerRequest: null,
};
const queue = new Queue(name, { connection, prefix: "{shop}" });

const words = {
  async leave() {
    for (let number = 0; number < 20; number += 1) {
      const fails = number % 2 === 0;
      await queue.add(fails ? "fail" : "send", { number }, { attempts: 1 });
    }
    const failing = async (job) => {
      await job.log(`at ${job.data.number}`);
      if (job.name === "fail") throw new Error(`no address for user ${job.data.number}`);
      return { sent: job.data.number };
    };
    const worker = new Worker(name, failing, { connection, prefix: "{shop}", name: "shop-worker" });
    let ended = 0;
    await new Promise((resolve) => {
      const count = () => {
        ended += 1;
        if (ended === 20) resolve();
      };
      worker.on("completed", count);
      worker.on("failed", count);
    });
    await worker.close();
    await queue.add("later", {}, { delay: 3_600_000 });
    await queue.add("first", {}, { priority: 3 });
    await queue.add("next", {});
    await queue.upsertJobScheduler("nightly", { pattern: "0 2 * * *", tz: "Europe/Berlin" });
  },

  async work() {
    const worker = new Worker(name, async () => "done", {
      connection,
      prefix: "{shop}",
      name: "shop-worker",
    });
    await worker.waitUntilReady();
    process.stdout.write("ready\n");
    await new Promise((resolve) => process.stdin.resume().on("end", resolve));
    await worker.close();
  },
};

await words[word]();
await queue.close();
// A connection that the library keeps must not keep this process.
process.exit();
