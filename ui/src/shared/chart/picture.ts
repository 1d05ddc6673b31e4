const PAD = 12;
const HEAD = 44;

/**
 * The drawing of a chart with its title as a PNG in base64: what stands beside a chart on the page
 * must stand in the picture.
 */
export function pictureOf(chart: HTMLCanvasElement, title: string, about: string): string {
  const scale = devicePixelRatio;
  const css = getComputedStyle(chart);
  const color = (name: string) => css.getPropertyValue(name).trim();
  const canvas = document.createElement('canvas');
  canvas.width = chart.width + 2 * PAD * scale;
  canvas.height = chart.height + (HEAD + 2 * PAD) * scale;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser has no canvas to draw on');
  context.fillStyle = color('--g-surface');
  context.fillRect(0, 0, canvas.width, canvas.height);
  const write = (text: string, y: number, font: string, fill: string) => {
    context.font = `${font} ${css.fontFamily}`;
    context.fillStyle = fill;
    context.fillText(text, PAD * scale, y * scale, canvas.width - 2 * PAD * scale);
  };
  write(title, PAD + 14, `600 ${14 * scale}px`, color('--g-text'));
  write(about, PAD + 33, `${12 * scale}px`, color('--g-dim'));
  context.drawImage(chart, PAD * scale, (HEAD + PAD) * scale);
  return canvas.toDataURL('image/png').replace(/^data:image\/png;base64,/, '');
}
