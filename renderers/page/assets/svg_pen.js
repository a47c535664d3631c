// ----- A pen that draws as the canvas does, and leaves an SVG: what is seen is what is saved -----

const xml = (text) => String(text)
  .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd")
  .replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
const places = (number) => Number(number.toFixed(2));

// The few commands of a path that are used here; a Path2D cannot be read.
class SvgPath {
  d = "";

  moveTo(x, y) { this.d += `M${places(x)} ${places(y)}`; }

  lineTo(x, y) { this.d += `L${places(x)} ${places(y)}`; }

  bezierCurveTo(...xy) { this.d += `C${xy.map(places).join(" ")}`; }

  roundRect(x, y, wide, high, radius) {
    const r = Math.min(radius, wide / 2, high / 2), arc = `a${r} ${r} 0 0 1`;
    this.d += `M${places(x + r)} ${places(y)}h${places(wide - 2 * r)}${arc} ${r} ${r}` +
      `v${places(high - 2 * r)}${arc} ${-r} ${r}h${places(2 * r - wide)}${arc} ${-r} ${-r}` +
      `v${places(2 * r - high)}${arc} ${r} ${-r}z`;
  }
}

const ANCHORS = { left: "start", center: "middle", right: "end" };

class SvgPen {
  globalAlpha = 1;

  out = [];

  path = new SvgPath();

  newPath() { return new SvgPath(); }

  setTransform() {} // the SVG's viewBox does it

  beginPath() { this.path = new SvgPath(); }

  roundRect(...box) { this.path.roundRect(...box); }

  add(shape, paint) {
    const alpha = this.globalAlpha < 1 ? ` opacity="${places(this.globalAlpha)}"` : "";
    this.out.push(`<${shape} ${paint}${alpha}/>`);
  }

  get filling() { return `fill="${this.fillStyle}"`; }

  get stroking() { return `fill="none" stroke="${this.strokeStyle}" stroke-width="${places(this.lineWidth)}"`; }

  fill() { this.add(`path d="${this.path.d}"`, this.filling); }

  stroke(path = this.path) { if (path.d) this.add(`path d="${path.d}"`, this.stroking); }

  fillPath(path) { this.add(`path d="${path.d}z"`, this.filling); }

  fillRect(...box) { this.add(rectangle(...box), this.filling); }

  strokeRect(...box) { this.add(rectangle(...box), this.stroking); }

  fillText(text, x, y, most) {
    screenPen.font = this.font;
    const squeezed = screenPen.measureText(text).width > most ?
      ` textLength="${places(most)}" lengthAdjust="spacingAndGlyphs"` : "";
    const [, weight, size, family] = /^(?:(\d+) )?([\d.]+)px (.*)$/.exec(this.font);
    const alpha = this.globalAlpha < 1 ? ` opacity="${places(this.globalAlpha)}"` : "";
    this.out.push(`<text x="${places(x)}" y="${places(y)}" dy="0.35em" font-family='${family}' ` +
      `font-size="${size}" font-weight="${weight || 400}" text-anchor="${ANCHORS[this.textAlign]}" ` +
      `${this.filling}${alpha}${squeezed}>${xml(text)}</text>`);
  }
}

const rectangle = (x, y, wide, high) =>
  `rect x="${places(x)}" y="${places(y)}" width="${places(wide)}" height="${places(high)}"`;

function viewAsSvg() {
  const { width, height } = screenSize;
  const corner = [toPlaneX(0), toPlaneY(0), width / camera.k, height / camera.k].map(places);
  const svg = new SvgPen();
  pen = svg;
  const { moving } = motion;
  motion.moving = false; // all edges
  try {
    drawView();
  } finally {
    pen = screenPen;
    motion.moving = moving;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="${corner.join(" ")}"><title>${xml(given.title)}</title>\n` +
    `<rect x="${corner[0]}" y="${corner[1]}" width="${corner[2]}" height="${corner[3]}" ` +
    `fill="${look.colours.back}"/>\n${svg.out.join("\n")}\n</svg>\n`;
}

const saveView = () => download(new Blob([viewAsSvg()], { type: "image/svg+xml" }), "graph.svg");
const savePixels = () => canvas.toBlob((blob) => download(blob, "graph.png"));

function download(blob, name) {
  const address = URL.createObjectURL(blob);
  const anchor = element("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
