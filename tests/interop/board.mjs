// bull-board on queues of a Redis, in a real Chromium: what it shows, and what its buttons do.
//
// usage: node board.mjs <json>             REDIS_URL names the Redis
// The JSON is {queues, retry: {queue, jobId}}. Prints what the board shows for each queue, then
// presses "Retry" on the failed job and prints "retried". Faults of the page end it with an error.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { ExpressAdapter } from "@bull-board/express";
import { Queue } from "bullmq";
import express from "express";
import IORedis from "ioredis";
import { chromium } from "playwright-core";

const WAIT_MS = 30_000;
const { queues: names, retry } = JSON.parse(process.argv[2]);
const connection = new IORedis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
const queues = names.map((name) => new Queue(name, { connection }));

function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function serve() {
  const adapter = new ExpressAdapter();
  adapter.setBasePath("/board");
  createBullBoard({ queues: queues.map((queue) => new BullMQAdapter(queue)), serverAdapter: adapter });
  const app = express();
  app.use("/board", adapter.getRouter());
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${server.address().port}/board`;
}

// The counts beside the names of the states, as a person reads them.
async function countsShown(page, url, name) {
  await page.goto(`${url}/queue/${encodeURIComponent(name)}`);
  const menu = page.locator("main, body").first();
  await menu.getByText("Completed", { exact: false }).first().waitFor({ timeout: WAIT_MS });
  return page.evaluate(() => {
    const shown = {};
    for (const link of document.querySelectorAll("a[href*='status=']")) {
      const state = new URL(link.href).searchParams.get("status");
      const count = link.innerText.match(/\d+/);
      shown[state] = count ? Number(count[0]) : 0;
    }
    return shown;
  });
}

const url = await serve();
const browser = await chromium.launch({
  executablePath: process.env.GRAPHY_TEST_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const faults = [];
page.on("pageerror", (error) => faults.push(String(error)));
try {
  const shown = {};
  for (const name of names) {
    shown[name] = await countsShown(page, url, name);
  }
  say(shown);
  if (process.env.GRAPHY_TEST_ARTIFACTS) {
    await mkdir(process.env.GRAPHY_TEST_ARTIFACTS, { recursive: true });
    await page.screenshot({ path: join(process.env.GRAPHY_TEST_ARTIFACTS, "bull-board.png") });
  }
  await page.goto(`${url}/queue/${encodeURIComponent(retry.queue)}?status=failed`);
  const job = page.locator("main").getByText(`#${retry.jobId}`).first();
  await job.waitFor({ timeout: WAIT_MS });
  // The buttons of a job have pictures only; the first one asks whether the job is to be retried.
  await page.locator("main li > span > button").first().click();
  const question = page.getByRole("alertdialog").or(page.getByRole("dialog"));
  await question.getByText("retry this job").waitFor({ timeout: WAIT_MS });
  await question.getByRole("button", { name: "Confirm" }).click();
  await job.waitFor({ state: "detached", timeout: WAIT_MS });
  if (faults.length > 0) {
    throw new Error(`the page has faults: ${faults.join("; ")}`);
  }
  say("retried");
} finally {
  await browser.close();
}
process.exit();
