// ----- From afar: nodes as dots, written straight into pixels -----
//
// One pass over the columns for a frame, whatever their number; no call into the canvas for a node.

const sheet = document.createElement("canvas");
const sheetPen = sheet.getContext("2d");
let pixels = null;

const packedRgb = ([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r;

function dotColours() {
  const { colours } = look;
  const mix = (a, b, share) => a.map((from, i) => Math.round(from + (b[i] - from) * share));
  const bg = rgbOf(colours.back);
  const of = (name, share) => packedRgb(mix(rgbOf(colours[name][0]), rgbOf(colours[name][1]), share));
  return {
    leaf: of("leaf", 0.75), constant: of("constant", 1), result: of("result", 0.9),
    output: of("output", 0.9), group: of("group", 0.4),
    waiting: packedRgb(mix(bg, rgbOf(colours.muted), 0.25)),
    alarm: packedRgb(rgbOf(colours.alarm)),
    none: packedRgb(mix(bg, rgbOf(colours.muted), 0.35)),
  };
}

function dotColour(item, kinds) {
  if (item >= N) {
    const g = groupGrad[item - N];
    return look.heat && now === LAST && g ? packedRgb(heatRgb(g)) : kinds.group;
  }
  if (trouble[item] & (NAN | INF)) return kinds.alarm;
  if (!isComputed(item)) return kinds.waiting;
  if (look.heat) {
    const g = gradientNow(item);
    if (g === null || g === 0) return kinds.none;
    return packedRgb(heatRgb(g));
  }
  if (isOutput(item)) return kinds.output;
  return kinds[KIND_NAMES[kind[item]]];
}

// Draw every shown item into a sheet of pixels; `view` maps the plane onto it.
function drawDots(width, height, view) {
  if (sheet.width !== width || sheet.height !== height || !pixels) {
    sheet.width = width;
    sheet.height = height;
    pixels = sheetPen.createImageData(width, height);
  }
  const out = new Uint32Array(pixels.data.buffer);
  out.fill(0);
  const kinds = dotColours();
  const { x: cx, y: cy, k } = view;
  for (let i = 0; i < shownItems.length; i++) {
    const item = shownItems[i];
    const halfW = Math.max(0.5, (W[item] * k) / 2), halfH = Math.max(0.5, (H[item] * k) / 2);
    const x = (X[item] - cx) * k + width / 2, y = (Y[item] - cy) * k + height / 2;
    if (x + halfW < 0 || y + halfH < 0 || x - halfW >= width || y - halfH >= height) continue;
    const colour = dotColour(item, kinds);
    const left = Math.max(0, Math.round(x - halfW)), right = Math.min(width, Math.round(x + halfW));
    const top = Math.max(0, Math.round(y - halfH)), bottom = Math.min(height, Math.round(y + halfH));
    for (let row = top; row < Math.max(bottom, top + 1) && row < height; row++) {
      const at = row * width;
      for (let column = left; column < Math.max(right, left + 1) && column < width; column++) {
        out[at + column] = colour;
      }
    }
  }
  sheetPen.putImageData(pixels, 0, 0);
  return sheet;
}

// The same with a pen, for a picture that can be made larger.
function drawSquares(view) {
  const kinds = dotColours();
  for (const item of shownItems) {
    if (!isInView(item, view)) continue;
    const colour = dotColour(item, kinds);
    pen.fillStyle = cssRgb([colour & 255, (colour >> 8) & 255, (colour >> 16) & 255]);
    pen.fillRect(X[item] - W[item] / 2, Y[item] - H[item] / 2, W[item], H[item]);
  }
}
