// Looks over a whole page for faults that a person would meet sooner or later.

const TEXT_PIXELS_MIN = 12;
const CONTRAST_MIN = 4.5;
const NAMED_ROLES = new Set([
  'button',
  'checkbox',
  'combobox',
  'link',
  'menuitem',
  'option',
  'radio',
  'spinbutton',
  'tab',
  'textbox',
]);

/** Controls that Chromium computes no accessible name for. */
export async function namelessControls(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  const nameless = nodes.filter(
    ({ ignored, role, name }) => !ignored && NAMED_ROLES.has(role?.value) && !name?.value?.trim(),
  );
  const found = [];
  for (const { backendDOMNodeId, role } of nameless) {
    const { outerHTML } = await session.send('DOM.getOuterHTML', {
      backendNodeId: backendDOMNodeId,
    });
    found.push(`${role.value}: ${outerHTML.slice(0, 160)}`);
  }
  await session.detach();
  return found;
}

/**
 * Text that is too small, too faint for its background, or cut off without an ellipsis. What lies
 * on the canvas is left out, since it has the size that the person zooms it to.
 */
export function weakText(page) {
  return page.evaluate(
    ([pixelsMin, contrastMin]) => {
      const parse = (color) => {
        const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
        return color.startsWith('color(') ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
      };
      const over = ([r, g, b, a], below) =>
        [r, g, b].map((value, index) => value * a + below[index] * (1 - a));
      const backgroundOf = (element) => {
        const layers = [];
        for (let at = element; at; at = at.parentElement) {
          const color = parse(getComputedStyle(at).backgroundColor);
          if (color[3] > 0) layers.push(color);
          if (color[3] === 1) break;
        }
        return layers.reverse().reduce((below, color) => over(color, below), [255, 255, 255]);
      };
      const luminance = (color) => {
        const [r, g, b] = color.map((value) => {
          const part = value / 255;
          return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (one, other) => {
        const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
      };
      const found = [];
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let text = walker.nextNode(); text; text = walker.nextNode()) {
        const element = text.parentElement;
        const words = text.textContent.trim();
        if (words === '' || element.closest('.react-flow__viewport, script, style')) continue;
        if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        const style = getComputedStyle(element);
        const say = (fault) => found.push(`“${words.slice(0, 40)}” ${fault}`);
        const pixels = Number.parseFloat(style.fontSize);
        if (pixels < pixelsMin) say(`has ${pixels} px`);
        const background = backgroundOf(element);
        const ratio = contrast(over(parse(style.color), background), background);
        const disabled = element.closest(':disabled, [data-disabled]');
        if (ratio < contrastMin && !disabled) say(`has a contrast of ${ratio.toFixed(2)}`);
        const cut = element.scrollWidth > element.clientWidth + 1 && style.overflowX === 'hidden';
        if (cut && style.textOverflow !== 'ellipsis') say('is cut off');
      }
      return found;
    },
    [TEXT_PIXELS_MIN, CONTRAST_MIN],
  );
}

/** How many pixels the page is wider than the window. */
export function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}

const STILL_FRAMES = 6;

/** Waits until nothing has been fading or sliding on the page for some frames in a row. */
export async function untilStill(page) {
  await page.evaluate(async (framesWanted) => {
    await document.fonts.ready;
    const endless = ({ effect }) =>
      effect?.getComputedTiming().iterations === Number.POSITIVE_INFINITY;
    for (let still = 0; still < framesWanted; ) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const moving = document
        .getAnimations()
        .some((animation) => animation.playState === 'running' && !endless(animation));
      still = moving ? 0 : still + 1;
    }
  }, STILL_FRAMES);
}
