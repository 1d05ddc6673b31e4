// What can be done without a mouse.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { Node } from '../support/node.mjs';
import { waitFor, waitForValue } from '../support/wait.mjs';

describe('by keyboard alone', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let graphId;
  let ada;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    graphId = await node.newGraph('Keys');
    ada = await Person.arrive(browser);
    await ada.openGraph(node, graphId);
  });

  afterEach(() => ada.leave());

  const hash = () => new URL(ada.page.url()).hash;
  const scheme = () => ada.page.evaluate(() => document.documentElement.dataset.mantineColorScheme);

  async function command(words) {
    await ada.canvas.key('Control+k');
    const field = ada.page.getByRole('textbox', { name: 'Search commands' });
    await field.fill(words);
    await ada.page.keyboard.press('ArrowDown');
    await ada.page.keyboard.press('Enter');
    await field.waitFor({ state: 'detached' });
  }

  test('the command palette reaches pages, graphs and actions', async () => {
    const other = await node.newGraph('Somewhere else');
    await command('Overview');
    await waitForValue('the page', hash, '#/overview');
    await command('Settings');
    await waitForValue('the page', hash, '#/settings');
    await waitFor('the new graph in the palette', async () => {
      await command('Somewhere else');
      return hash() === `#/graph/${other}`;
    });
    await ada.canvas.untilSaved();
    // The commands of a canvas come with it.
    await ada.page.locator('.react-flow__pane').waitFor();
    await command('Add a node');
    await ada.page.getByRole('textbox', { name: 'Title' }).fill('By name');
    await ada.page.keyboard.press('Enter');
    await ada.canvas.untilSaved();
    const { nodes } = await node.stored(other);
    assert.deepEqual(
      [...nodes.values()].map(({ title }) => title),
      ['By name'],
    );
  });

  test('a graph is made, filled, changed and deleted', async () => {
    await command('New graph');
    await ada.page.getByRole('textbox', { name: 'Name' }).fill('Made by hand');
    await ada.page.keyboard.press('Enter');
    await waitFor('the new graph to be open', () => hash() !== `#/graph/${graphId}`);
    const made = hash().split('/').at(-1);
    await ada.canvas.untilSaved();

    const id = await ada.canvas.add('Alone');
    const before = await ada.canvas.place(id);
    await ada.page.locator(`.react-flow__node[data-id="${id}"]`).focus();
    await ada.page.keyboard.press('ArrowRight');
    await waitFor('the node to move', async () => (await ada.canvas.place(id)).x > before.x);
    await ada.canvas.key('F2');
    await ada.page.getByRole('textbox', { name: 'Title' }).fill('Renamed');
    await ada.page.keyboard.press('Enter');
    await ada.canvas.untilTitle(id, 'Renamed');
    await ada.canvas.key('Control+a');
    await ada.canvas.key('Control+c');
    await ada.canvas.key('Control+v');
    await ada.canvas.untilCounts({ nodes: 2, edges: 0 });
    await ada.canvas.key('Delete');
    await ada.canvas.untilCounts({ nodes: 1, edges: 0 });
    await ada.canvas.untilSaved();
    await node.verify(made);

    await command('Delete “Made by hand”');
    await ada.page.getByRole('textbox', { name: /to confirm/ }).fill('Made by hand');
    await ada.page.keyboard.press('Enter');
    await waitFor('the graph to be gone', async () =>
      (await node.graphs()).every((graph) => graph.graphId !== made),
    );
  });

  test('a rename that is cancelled changes nothing', async () => {
    const id = await ada.canvas.add('Steady');
    await ada.canvas.untilSaved();
    const { version } = await node.stored(graphId);
    await ada.canvas.key('F2');
    await ada.page.getByRole('textbox', { name: 'Title' }).fill('Never mind');
    await ada.page.keyboard.press('Escape');
    await ada.canvas.untilTitle(id, 'Steady');
    await ada.canvas.untilSaved();
    assert.equal((await node.stored(graphId)).version, version);
  });

  test('the sheet lists the shortcuts, and the chords work', async () => {
    await ada.canvas.key('?');
    const sheet = ada.page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await sheet.getByText('Command palette').waitFor();
    await ada.page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
    for (const [key, place] of [
      ['o', '#/overview'],
      ['s', '#/settings'],
      ['g', '#/graph'],
    ]) {
      await ada.canvas.key('g');
      await ada.page.keyboard.press(key);
      await waitFor(`${place}`, () => hash().startsWith(place));
    }
  });

  test('the theme is light, dark, or that of the system, and is remembered', async () => {
    await command('Light theme');
    await waitForValue('the theme', scheme, 'light');
    await ada.page.reload();
    await ada.canvas.untilSaved();
    assert.equal(await scheme(), 'light');
    await command('Dark theme');
    await waitForValue('the theme', scheme, 'dark');
    await command('Theme like the system');
    await ada.page.emulateMedia({ colorScheme: 'light' });
    await waitForValue('the theme', scheme, 'light');
    await ada.page.emulateMedia({ colorScheme: 'dark' });
    await waitForValue('the theme', scheme, 'dark');
  });
});
