// Chromium, and people in front of it: each person is a context of their own with one page.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { Canvas } from './canvas.mjs';
import { ROOT } from './node.mjs';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const ARTIFACTS = process.env.GRAPHY_TEST_ARTIFACTS ?? join(ROOT, 'tests/artifacts');

export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.GRAPHY_TEST_CHROMIUM ?? '/usr/bin/chromium',
    args: ARGUMENTS,
  });
}

/** Somebody with a browser window of their own. */
export class Person {
  static async arrive(browser, options = {}) {
    const person = new Person();
    person.context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      colorScheme: 'dark',
      acceptDownloads: true,
      ...options,
    });
    person.page = await person.context.newPage();
    person.canvas = new Canvas(person.page);
    person.faults = [];
    person.page.on('pageerror', (error) => person.faults.push(String(error)));
    return person;
  }

  /** Signs in with a fresh ticket and goes to a place of the console, such as `graph/g_1`. */
  async signIn(node, place = 'graph') {
    await this.page.goto(`${await node.ticketUrl()}#/${place}`);
    await this.page.getByRole('navigation', { name: 'Pages' }).waitFor();
  }

  /** Signs in and waits until the graph is on the canvas and everything is saved. */
  async openGraph(node, graphId) {
    await this.signIn(node, `graph/${graphId}`);
    await this.canvas.untilSaved();
    await this.page.locator('.react-flow__pane').waitFor();
  }

  /** Signs in with a token, as a user of its own, and waits for the graph. */
  async openGraphAs(node, token, graphId) {
    await this.page.goto(`${node.url}#/graph/${graphId}`);
    await this.page.getByLabel('Access token').first().fill(token);
    await this.page.keyboard.press('Enter');
    await this.canvas.untilSaved();
    await this.page.locator('.react-flow__pane').waitFor();
  }

  /** Closes the tab and opens another one of the same browser. */
  async newTab() {
    await this.page.close();
    await this.anotherTab();
  }

  /** Goes on in one more tab of the same browser; returns the page of the one before. */
  async anotherTab() {
    const before = this.page;
    this.page = await this.context.newPage();
    this.canvas = new Canvas(this.page);
    this.page.on('pageerror', (error) => this.faults.push(String(error)));
    return before;
  }

  /** What the toasts say, one text for each. */
  toasts() {
    return this.page.locator('.mantine-Notification-root').allInnerTexts();
  }

  async go(place) {
    await this.page.evaluate((hash) => {
      window.location.hash = hash;
    }, `#/${place}`);
  }

  async screenshot(name) {
    await mkdir(ARTIFACTS, { recursive: true });
    await this.page.screenshot({ path: join(ARTIFACTS, `browser-${name}.png`) });
  }

  /** Closes the window; no flow may leave an uncaught fault in the page. */
  async leave() {
    await this.context.close();
    assert.deepEqual(this.faults, [], 'no uncaught fault in the page');
  }
}
