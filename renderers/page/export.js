// ----- The current view as an SVG file -----

const xml = (text) => String(text).replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
const places = (number) => Number(number.toFixed(2));

function viewAsSvg() {
  const { colours } = look;
  const view = {
    left: toPlaneX(0), top: toPlaneY(0),
    right: toPlaneX(screenSize.width), bottom: toPlaneY(screenSize.height),
  };
  const out = [];
  const box = (item, radius, fill, border, thick, opacity = 1) => out.push(
    `<rect x="${places(X[item] - W[item] / 2)}" y="${places(Y[item] - H[item] / 2)}" ` +
    `width="${W[item]}" height="${H[item]}" rx="${radius}" fill="${fill}" stroke="${border}" ` +
    `stroke-width="${thick}" opacity="${opacity}"/>`);
  const write = (text, x, y, { size = 11.5, anchor = "middle", fill = colours.ink, weight = 400,
    family = FONT } = {}) => out.push(
    `<text x="${places(x)}" y="${places(y)}" font-family='${family}' font-size="${size}" ` +
    `font-weight="${weight}" text-anchor="${anchor}" fill="${fill}" dy="0.35em">${xml(text)}</text>`);

  for (let g = 1; g < G; g++) {
    const item = GROUP + g;
    if (!groupShown[g] || !unfolded[g] || !isInView(item, view)) continue;
    box(item, 12, colours.group[0], colours.group[1], 1, 0.6);
    write(cut(given.groups.names[g], 40), X[item] - W[item] / 2 + 12, Y[item] - H[item] / 2 + 16,
      { anchor: "start", size: 12, weight: 600, fill: colours.muted });
  }
  const edge = (s, t, e, thick) => {
    if (!edgeInView(s, t, view)) return;
    const { x1, y1, x2, y2, bend } = edgeEnds(s, t, e);
    const [a, b, c, d, f, g] = [x1, y1, x1 + bend, x2 - bend, y2, x2].map(places);
    out.push(`<path d="M${a},${b}C${c},${b} ${d},${f} ${g},${f}" fill="none" ` +
      `stroke="${colours.edge}" stroke-width="${thick}"/>`);
  };
  for (const e of visibleEdges) edge(source[e], target[e], e, 1.3);
  for (const [s, t, count] of looseEdges) edge(s, t, -1, Math.min(4, 1 + Math.log2(count) * 0.4));
  for (const item of shownItems) {
    if (!isInView(item, view)) continue;
    if (item >= N) {
      box(item, 12, colours.group[0], colours.group[1], 1.2);
      write(cut(given.groups.names[item - GROUP], 20), X[item], Y[item] - 9, { size: 14, weight: 600 });
      write(plural(inside[item - GROUP], "node"), X[item], Y[item] + 12, { fill: colours.muted });
      continue;
    }
    const small = H[item] < 40, left = X[item] - W[item] / 2, right = X[item] + W[item] / 2 - 9;
    box(item, small ? 12 : 8, fillOf(item), looksOf(item)[1], isOutput(item) ? 2 : 1.2);
    if (small) {
      write(pythonFloat(data[item]), X[item], Y[item], { fill: colours.muted, family: MONO, size: 11 });
      continue;
    }
    let x = left + 10;
    if (kind[item] === RESULT) {
      write(cut(opOf(item).symbol, 7), left + 22, Y[item], { weight: 600, size: 12 });
      x = left + 46;
    }
    const lines = [["data", isComputed(item) ? pythonFloat(data[item]) : "?"]];
    const g = gradientNow(item);
    if (flags[item] & REQUIRES_GRAD) lines.push(["grad", g === null ? "—" : pythonFloat(g)]);
    const label = cut(labelOf(item), 14);
    let y = Y[item] - ((lines.length + (label ? 1 : 0) - 1) * 15) / 2;
    if (label) {
      write(label, x, y, { anchor: "start", size: 12.5, weight: 600 });
      y += 15;
    }
    for (const [name, number] of lines) {
      write(name, x, y, { anchor: "start", size: 10.5, fill: colours.muted });
      write(number, right, y, { anchor: "end", family: MONO });
      y += 15;
    }
  }
  const { width, height } = screenSize;
  const corner = [view.left, view.top, view.right - view.left, view.bottom - view.top].map(places);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="${corner.join(" ")}"><title>${xml(given.title)}</title>` +
    `<rect x="${corner[0]}" y="${corner[1]}" width="${corner[2]}" height="${corner[3]}" ` +
    `fill="${colours.bg}"/>\n${out.join("\n")}\n</svg>\n`;
}

function saveView() {
  const address = URL.createObjectURL(new Blob([viewAsSvg()], { type: "image/svg+xml" }));
  const anchor = element("a");
  anchor.href = address;
  anchor.download = "graph.svg";
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
