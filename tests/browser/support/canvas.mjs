// What a person does on the canvas and sees there, with real pointer and keys.

import assert from 'node:assert/strict';
import { waitFor, waitForValue } from './wait.mjs';

const DRAG_STEPS = 10;

export class Canvas {
  constructor(page) {
    this.page = page;
  }

  node(id) {
    return this.page.getByTestId(`graph-node-${id}`);
  }

  mark(id) {
    return this.page.getByTestId(`pending-${id}`);
  }

  /** What the status chip says. */
  status() {
    return this.page.getByTestId('status-chip').locator('[role="status"]').innerText();
  }

  untilStatus(wanted) {
    return waitForValue('the status chip', () => this.status(), wanted);
  }

  untilSaved() {
    return this.untilStatus('saved');
  }

  /** “637 nodes · 2,158 edges” as numbers. */
  async counts() {
    const text = await this.page.locator('.counts').innerText();
    const [nodes, edges] = [...text.replaceAll(',', '').matchAll(/(\d+) (?:node|edge)/g)].map(
      (match) => Number(match[1]),
    );
    return { nodes, edges };
  }

  untilCounts({ nodes, edges }) {
    const read = async () => JSON.stringify(await this.counts());
    return waitForValue('the counts of the canvas', read, JSON.stringify({ nodes, edges }));
  }

  /** Finds a node by its title with the search panel, which selects it and moves the view there. */
  async find(title) {
    await this.page.keyboard.press('Control+f');
    const field = this.page.getByRole('textbox', { name: 'Search nodes' });
    await field.fill(title);
    await this.page.locator('.search-item').first().waitFor();
    await field.press('Enter');
    await field.press('Escape');
    const node = this.page.locator('.react-flow__node.selected');
    await node.waitFor();
    return node.getAttribute('data-id');
  }

  /** Presses a key of the canvas; nothing may have the keyboard but the page. */
  async key(name) {
    await this.page.evaluate(() => document.activeElement?.blur());
    await this.page.keyboard.press(name);
  }

  /** Adds a node with the key for it and gives it a title; returns its id. */
  async add(title) {
    await this.key('n');
    const field = this.page.getByRole('textbox', { name: 'Title' });
    await field.waitFor();
    const node = this.page.locator('.react-flow__node', { has: field });
    const id = await node.getAttribute('data-id');
    await field.fill(title);
    await field.press('Enter');
    await field.waitFor({ state: 'detached' });
    return id;
  }

  async rename(id, title) {
    await this.node(id).locator('.entity-title').dblclick();
    const field = this.page.getByRole('textbox', { name: 'Title' });
    await field.fill(title);
    await field.press('Enter');
    await field.waitFor({ state: 'detached' });
  }

  title(id) {
    return this.node(id).locator('.entity-title').innerText();
  }

  untilTitle(id, wanted) {
    return waitForValue(`the title of ${id}`, () => this.title(id), wanted);
  }

  /** Where the node is in the graph. */
  place(id) {
    return this.page.locator(`.react-flow__node[data-id="${id}"]`).evaluate((element) => {
      const { m41, m42 } = new DOMMatrixReadOnly(getComputedStyle(element).transform);
      return { x: m41, y: m42 };
    });
  }

  async untilPlace(id, wanted) {
    await waitFor(`${id} at ${JSON.stringify(wanted)}`, async () => {
      const { x, y } = await this.place(id);
      return Math.hypot(x - wanted.x, y - wanted.y) < 1;
    });
  }

  async middle(id) {
    const box = await this.node(id).boundingBox();
    assert.ok(box, `${id} is on the screen`);
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }

  /** Takes hold at one place of the page and lets go at another. */
  async pull(from, to) {
    const { mouse } = this.page;
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move(to.x, to.y, { steps: DRAG_STEPS });
    await mouse.up();
  }

  async drag(id, by) {
    const from = await this.middle(id);
    await this.pull(from, { x: from.x + by.x, y: from.y + by.y });
  }

  /** Draws an edge from the source handle of one node to the target handle of another. */
  async connect(source, target) {
    const handle = async (id, kind) => {
      await this.node(id).hover();
      const box = await this.node(id).locator(`.react-flow__handle.${kind}`).boundingBox();
      assert.ok(box, `the ${kind} handle of ${id} is on the screen`);
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    };
    const to = await handle(target, 'target');
    await this.pull(await handle(source, 'source'), to);
  }

  /** Draws a selection box around the nodes, with a margin. */
  async boxSelect(ids) {
    const boxes = await Promise.all(ids.map((id) => this.node(id).boundingBox()));
    const left = Math.min(...boxes.map(({ x }) => x)) - 12;
    const top = Math.min(...boxes.map(({ y }) => y)) - 12;
    const right = Math.max(...boxes.map(({ x, width }) => x + width)) + 12;
    const bottom = Math.max(...boxes.map(({ y, height }) => y + height)) + 12;
    await this.page.keyboard.down('Shift');
    await this.pull({ x: left, y: top }, { x: right, y: bottom });
    await this.page.keyboard.up('Shift');
  }

  selected() {
    return this.page
      .locator('.react-flow__node.selected')
      .evaluateAll((nodes) => nodes.map((node) => node.dataset.id).sort());
  }

  /** Ids of all nodes that are elements now. */
  shown() {
    return this.page
      .locator('.react-flow__node')
      .evaluateAll((nodes) => nodes.map((node) => node.dataset.id).sort());
  }
}
