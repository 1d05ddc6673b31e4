/**
 * Gives elements a size and the page what a growing text field asks about: happy-dom lays nothing
 * out, and lists draw only what has room.
 */
export function giveLayout(): void {
  const constant = (value: number) => ({ value, configurable: true });
  Object.defineProperty(HTMLElement.prototype, 'clientHeight', constant(600));
  Object.defineProperty(HTMLElement.prototype, 'clientWidth', constant(400));
  Object.defineProperty(document, 'fonts', { value: new EventTarget(), configurable: true });
}
