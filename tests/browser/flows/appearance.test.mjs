// Every page in both themes: readable, named, inside the window. The pictures are for people.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { brokenCargoLock, Files } from '../support/files.mjs';
import { namelessControls, overflow, untilStill, weakText } from '../support/inspect.mjs';
import { Node } from '../support/node.mjs';

const NARROW = { width: 900, height: 640 };

for (const theme of ['light', 'dark']) {
  describe(`the ${theme} console`, { timeout: 300_000 }, () => {
    let node;
    let browser;
    let files;
    let ada;

    before(async () => {
      node = await Node.start();
      browser = await startBrowser();
      files = await Files.make();
    });

    after(async () => {
      await browser?.close();
      await node?.stop();
      await files?.clear();
    });

    beforeEach(async () => {
      ada = await Person.arrive(browser, { colorScheme: theme });
    });

    afterEach(() => ada.leave());

    /** Takes a picture of what is on the screen and fails on what no customer should see. */
    async function isFit(name) {
      await untilStill(ada.page);
      await ada.screenshot(`${name}-${theme}`);
      assert.deepEqual(await namelessControls(ada.page), [], 'controls without a name');
      assert.deepEqual(await weakText(ada.page), [], 'text that is hard to read');
      assert.ok((await overflow(ada.page)) <= 0, 'the page fits the window');
    }

    test('before signing in', async () => {
      await ada.page.goto(node.url);
      await ada.page.getByRole('heading', { name: 'Sign in to Graphy' }).waitFor();
      await isFit('sign-in');
      await ada.page.getByLabel('Access token').first().fill('wrong');
      await ada.page.keyboard.press('Enter');
      await ada.page.getByText(/token/i).nth(2).waitFor();
      await isFit('sign-in-refused');
    });

    test('without and with a graph', async () => {
      for (const { graphId } of await node.graphs()) {
        await node.console('graphs.delete', { graphId });
      }
      await ada.signIn(node, 'graph');
      await ada.page.getByText('No graphs yet').waitFor();
      await isFit('no-graphs');

      const empty = await node.newGraph('Empty');
      await ada.go(`graph/${empty}`);
      await ada.page.getByText('This graph is empty').waitFor();
      await isFit('empty-graph');

      const full = await node.importLockFile('Dependencies');
      await ada.go(`graph/${full}`);
      await ada.canvas.untilSaved();
      await isFit('graph');
      await ada.canvas.find('serde_json');
      await isFit('graph-near');
      await ada.page.getByTestId('status-chip').click();
      await ada.page.getByRole('button', { name: 'Verify what is stored' }).click();
      await ada.page.getByText(/agree at version/).waitFor();
      await isFit('status');
      await ada.page.keyboard.press('Escape');
      await ada.page.getByTestId('export-menu').click();
      await ada.page.getByTestId('export-png').waitFor();
      await isFit('export-menu');
      await ada.page.keyboard.press('Escape');
      await ada.page.getByTestId('graph-picker').click();
      await ada.page.getByPlaceholder('Search graphs').waitFor();
      await isFit('graph-picker');
      await ada.page.keyboard.press('Escape');
      await ada.page.setViewportSize(NARROW);
      await ada.canvas.key('f');
      await isFit('graph-narrow');
      await ada.go('graph/nowhere');
      await ada.page.getByText('There is no such graph').waitFor();
      await isFit('graph-unknown');
    });

    test('a refused file', async () => {
      await ada.openGraph(node, await node.newGraph('Refusal'));
      const { text } = await brokenCargoLock();
      const asked = ada.page.waitForEvent('filechooser');
      await ada.page.getByTestId('import-button').click();
      await (await asked).setFiles(await files.write('Cargo.lock', text));
      await ada.page.getByRole('alert').filter({ hasText: 'was not imported' }).waitFor();
      await isFit('import-refused');
    });

    test('the overview', async () => {
      const graphId = await node.newGraph('Traffic');
      await ada.signIn(node, 'overview');
      await node.graphy('demo', '--bots', '3', '--seconds', '3', '--graph', graphId);
      await ada.page.getByTestId('overview-process_memory_bytes').waitFor();
      await isFit('overview');
      await ada.page.setViewportSize(NARROW);
      await isFit('overview-narrow');
    });

    test('the settings, the sheet and the palette', async () => {
      await ada.signIn(node, 'settings');
      await ada.page.getByRole('textbox', { name: 'Name' }).fill('build machine');
      await ada.page.getByRole('button', { name: 'Create token' }).click();
      await ada.page.getByText(/copy it now/).waitFor();
      await ada.page.getByRole('cell', { name: 'build machine' }).first().waitFor();
      assert.equal(await ada.page.getByText('275760').count(), 0, 'a date that nobody believes');
      await isFit('settings');
      await ada.page.getByRole('button', { name: 'Revoke' }).last().click();
      await ada.page.getByRole('dialog').waitFor();
      await isFit('revoke');
      await ada.page.getByRole('button', { name: 'Keep' }).click();
      await ada.page.getByRole('dialog').waitFor({ state: 'detached' });
      await ada.canvas.key('?');
      await ada.page.getByRole('dialog').waitFor();
      await isFit('shortcuts');
      await ada.page.keyboard.press('Escape');
      await ada.page.getByRole('dialog').waitFor({ state: 'detached' });
      await ada.canvas.key('Control+k');
      await ada.page.getByRole('textbox', { name: 'Search commands' }).waitFor();
      await isFit('palette');
      await ada.page.keyboard.press('Escape');
      await ada.page.setViewportSize(NARROW);
      await isFit('settings-narrow');
    });
  });
}
