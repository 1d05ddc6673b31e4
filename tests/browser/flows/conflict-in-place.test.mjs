// Two people rename one node without having seen each other: what can be merged is, what cannot
// is offered to both, and one of them decides on the canvas.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Person, startBrowser } from '../support/browser.mjs';
import { namelessControls, untilStill, weakText } from '../support/inspect.mjs';
import { Node } from '../support/node.mjs';
import { waitFor } from '../support/wait.mjs';

describe('two changes of one title', { timeout: 300_000 }, () => {
  let node;
  let browser;
  let graphId;
  let tokens;
  let ada;
  let bob;

  before(async () => {
    node = await Node.start();
    browser = await startBrowser();
    tokens = { ada: await node.tokenFor('Ada'), bob: await node.tokenFor('Bob') };
  });

  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  beforeEach(async () => {
    graphId = await node.newGraph('Titles');
    const position = { x: 0, y: 0 };
    await node.command(graphId, 'CREATE_NODE', { id: 'n', title: 'the old plan', position });
    ada = await Person.arrive(browser);
    bob = await Person.arrive(browser);
    await ada.openGraphAs(node, tokens.ada, graphId);
    await bob.openGraphAs(node, tokens.bob, graphId);
    await ada.canvas.untilTitle('n', 'the old plan');
    await bob.canvas.untilTitle('n', 'the old plan');
  });

  afterEach(async () => {
    await ada.leave();
    await bob.leave();
  });

  /** Ada writes without having seen what Bob writes. */
  async function atOnce(hers, his) {
    await ada.context.setOffline(true);
    await ada.canvas.rename('n', hers);
    await bob.canvas.rename('n', his);
    await bob.canvas.untilSaved();
    await ada.canvas.untilStatus('offline (1 unsent)');
    await ada.context.setOffline(false);
  }

  test('are both kept where they do not touch', async () => {
    await atOnce('the new plan', 'the old plan B');
    await ada.canvas.untilTitle('n', 'the new plan B');
    await bob.canvas.untilTitle('n', 'the new plan B');
    await ada.canvas.untilSaved();
    await waitFor('the word that it was merged', async () =>
      (await ada.toasts()).some((text) => text.includes('Merged with somebody')),
    );
    assert.equal(await ada.page.getByTestId('contested-n').count(), 0);
    await node.verify(graphId);
  });

  for (const theme of ['dark', 'light']) {
    test(`wait for a person where they do, who decides in place (${theme})`, async () => {
      await ada.page.emulateMedia({ colorScheme: theme });
      await atOnce('Ada’s plan', 'Bob’s plan');
      await ada.canvas.untilTitle('n', 'Bob’s plan');
      for (const one of [ada, bob]) await one.page.getByTestId('contested-n').waitFor();
      await ada.screenshot(`contested-${theme}`);

      await ada.page.getByTestId('contested-n').click();
      const choice = ada.page.getByTestId('conflict-choice');
      await choice.waitFor();
      const text = await choice.innerText();
      for (const words of ['the old plan', 'Ada’s', 'Bob’s']) assert.ok(text.includes(words), text);
      await untilStill(ada.page);
      await ada.screenshot(`conflict-choice-${theme}`);
      assert.deepEqual(await namelessControls(ada.page), []);
      assert.deepEqual(await weakText(ada.page), []);
      await choice.getByTestId('take-mine').click();

      for (const one of [ada, bob]) {
        await one.canvas.untilTitle('n', 'Ada’s plan');
        await one.page.getByTestId('contested-n').waitFor({ state: 'detached' });
        await one.canvas.untilSaved();
      }
      assert.equal((await node.stored(graphId)).nodes.get('n').title, 'Ada’s plan');
      await node.verify(graphId);
    });
  }

  test('are settled by the other one with words of their own', async () => {
    await atOnce('Ada’s plan', 'Bob’s plan');
    await bob.page.getByTestId('contested-n').click();
    const choice = bob.page.getByTestId('conflict-choice');
    await choice.getByRole('button', { name: 'Write another…' }).click();
    await choice.getByRole('textbox').fill('our plan');
    await choice.getByRole('button', { name: 'Settle with this' }).click();
    for (const one of [ada, bob]) {
      await one.canvas.untilTitle('n', 'our plan');
      await one.page.getByTestId('contested-n').waitFor({ state: 'detached' });
    }
  });
});
