// Texts below the contrast that WCAG 2.1 AA asks for (1.4.3), disabled controls left out.
() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) =>
    [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat([1]);
  const luminance = (colour) => {
    const [r, g, b] = colour.map((v) => {
      const part = v / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const chain = (e) => (e ? [e, ...chain(e.parentElement)] : []);
  const background = (e) =>
    chain(e)
      .reverse()
      .map((part) => rgba(getComputedStyle(part).backgroundColor))
      .reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  const skipped = 'button:disabled, [aria-disabled="true"], [aria-hidden="true"], script, style';
  const bad = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const e = node.parentElement;
    if (!node.data.trim() || !e.checkVisibility() || e.closest(skipped)) continue;
    const style = getComputedStyle(e);
    const below = background(e);
    const ink = rgba(style.color);
    ink[3] *= chain(e).reduce((fade, part) => fade * Number(getComputedStyle(part).opacity), 1);
    const [light, dark] = [luminance(over(ink, below)), luminance(below)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.6 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) bad.add(`${ratio.toFixed(2)}: ${node.data.trim().slice(0, 40)}`);
  }
  return [...bad];
}
