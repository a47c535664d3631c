// ----- Close up: cards with their numbers, edges, frames of groups -----

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const MONO = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace';
const DOTS_BELOW = 0.18, SQUARE_BELOW = 0.35, TEXT_FROM = 0.42; // pixels per unit
const MOST_EDGES = { dots: 2500, cards: 3000, passing: 400 };
const chosen = { item: -1, over: -1, edge: -1, subject: -1 };

function drawGraph() {
  const { ratio, width, height } = screenSize;
  const { colours } = look;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = colours.bg;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const view = {
    left: toPlaneX(0), top: toPlaneY(0), right: toPlaneX(width), bottom: toPlaneY(height),
  };
  const k = camera.k * ratio;
  pen.setTransform(k, 0, 0, k, canvas.width / 2 - camera.x * k, canvas.height / 2 - camera.y * k);
  drawFrames(view);
  const far = camera.k < DOTS_BELOW;
  drawEdges(view, far);
  if (far) {
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.drawImage(drawDots(canvas.width, canvas.height, { x: camera.x, y: camera.y, k }), 0, 0);
    pen.setTransform(k, 0, 0, k, canvas.width / 2 - camera.x * k, canvas.height / 2 - camera.y * k);
    for (const item of [chosen.over, chosen.subject, chosen.item]) if (item >= 0) drawMark(item);
    return;
  }
  for (let i = 0; i < shownItems.length; i++) {
    const item = shownItems[i];
    if (isInView(item, view)) (item < N ? drawCard : drawFolded)(item);
  }
}

const isInView = (item, view) =>
  X[item] + W[item] / 2 >= view.left && X[item] - W[item] / 2 <= view.right &&
  Y[item] + H[item] / 2 >= view.top && Y[item] - H[item] / 2 <= view.bottom;

function drawFrames(view) {
  const { colours } = look;
  for (let g = 1; g < G; g++) {
    const item = GROUP + g;
    if (!groupShown[g] || !unfolded[g] || W[item] * camera.k < 6 || !isInView(item, view)) continue;
    if (W[item] * camera.k < 40) {
      pen.fillStyle = colours.group[0];
      pen.fillRect(X[item] - W[item] / 2, Y[item] - H[item] / 2, W[item], H[item]);
      continue;
    }
    pen.beginPath();
    pen.roundRect(X[item] - W[item] / 2, Y[item] - H[item] / 2, W[item], H[item], 12);
    pen.globalAlpha = 0.5;
    pen.fillStyle = colours.group[0];
    pen.fill();
    pen.globalAlpha = 1;
    pen.strokeStyle = chosen.item === item ? colours.accent : colours.group[1];
    pen.lineWidth = Math.max(1, 0.7 / camera.k);
    pen.stroke();
    const size = Math.min(21, Math.max(12, 10 / camera.k));
    if (camera.k * size < 5) continue;
    pen.fillStyle = colours.muted;
    pen.font = `600 ${size}px ${FONT}`;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.fillText(cut(given.groups.names[g], 40), X[item] - W[item] / 2 + 12,
      Y[item] - H[item] / 2 + TITLE / 2 + 4, W[item] - 24);
  }
}

// An edge leaves at the right of its source and enters at the left of its target, each operand at
// a place of its own, so that the two edges of a * a are two.
function edgeEnds(s, t, e) {
  const ends = {
    x1: X[s] + W[s] / 2, y1: Y[s], x2: X[t] - W[t] / 2, y2: Y[t],
  };
  if (e >= 0) {
    const arity = start[target[e] + 1] - start[target[e]];
    const step = Math.min(14, (H[t] - 12) / Math.max(1, arity - 1));
    ends.y2 += (e - start[target[e]] - (arity - 1) / 2) * step;
  }
  ends.bend = Math.max(24, Math.min(90, Math.abs(ends.x2 - ends.x1) / 2));
  return ends;
}

function trace(path, ends, straight) {
  path.moveTo(ends.x1, ends.y1);
  if (straight) path.lineTo(ends.x2, ends.y2);
  else {
    path.bezierCurveTo(ends.x1 + ends.bend, ends.y1, ends.x2 - ends.bend, ends.y2, ends.x2, ends.y2);
  }
}

const edgeInView = (s, t, view) =>
  Math.max(X[s], X[t]) + 120 >= view.left && Math.min(X[s], X[t]) - 120 <= view.right &&
  Math.max(Y[s], Y[t]) + 40 >= view.top && Math.min(Y[s], Y[t]) - 40 <= view.bottom;

// A fixed shuffle, so that where there are too many edges to see, the same few stay.
const shuffled = (e) => (Math.imul(e + 1, 2654435761) >>> 8) / 2 ** 24;

const shareOf = (count, most) => (count <= most ? 1 : 2 ** Math.floor(Math.log2(most / count)));

// An edge of which neither end is seen tells little.
const isOutside = (item, view) =>
  X[item] < view.left || X[item] > view.right || Y[item] < view.top || Y[item] > view.bottom;
const isPassing = (e, view) => isOutside(source[e], view) && isOutside(target[e], view);

const edgesInView = new Uint32Array(E);

function drawEdges(view, far) {
  const { colours } = look;
  let inView = 0, passing = 0;
  for (let i = 0; i < visibleEdges.length; i++) {
    const e = visibleEdges[i];
    if (!edgeInView(source[e], target[e], view)) continue;
    edgesInView[inView++] = e;
    if (isPassing(e, view)) passing++;
  }
  const edges = edgesInView.subarray(0, inView);
  const detail = motion.moving ? motion.detail : 1;
  const share = shareOf(inView - passing, (far ? MOST_EDGES.dots : MOST_EDGES.cards) * detail);
  const passingShare = shareOf(passing, (far ? 2 : 1) * MOST_EDGES.passing * detail);
  const calm = new Path2D(), flowing = new Path2D(), waiting = new Path2D();
  const subject = chosen.over >= 0 ? chosen.over : chosen.item;
  const near = new Path2D();
  for (const e of edges) {
    const s = source[e], t = target[e];
    const touches = s === subject || t === subject;
    const drawn = touches || e === chosen.edge ||
      shuffled(e) < (isPassing(e, view) ? passingShare : share);
    if (!drawn) continue;
    const ends = edgeEnds(s, t, e);
    const path = e === chosen.edge || t === chosen.subject && !isBackward() ? flowing :
      touches ? near : isComputed(t) ? calm : waiting;
    trace(path, ends, far);
  }
  const width = Math.max(1.3, 0.8 / camera.k);
  pen.lineWidth = width;
  pen.strokeStyle = colours.edge;
  pen.globalAlpha = 0.3;
  pen.stroke(waiting);
  pen.globalAlpha = far ? 0.45 : 0.85;
  pen.stroke(calm);
  pen.globalAlpha = far ? 0.5 : 0.8;
  const looseShare = shareOf(looseEdges.length, MOST_EDGES.dots * detail);
  for (let i = 0; i < looseEdges.length; i++) {
    const [s, t, count] = looseEdges[i];
    if (!edgeInView(s, t, view) || shuffled(i) >= looseShare) continue;
    const path = new Path2D();
    trace(path, edgeEnds(s, t, -1), far);
    pen.lineWidth = Math.max(1, 0.8 / camera.k) * Math.min(4, 1 + Math.log2(count) * 0.4);
    pen.strokeStyle = s === subject || t === subject ? colours.accent : colours.group[1];
    pen.stroke(path);
  }
  pen.globalAlpha = 1;
  pen.strokeStyle = colours.accent;
  pen.lineWidth = width * 1.3;
  pen.stroke(near);
  pen.lineWidth = width * 2;
  pen.stroke(flowing);
  if (!far && camera.k >= TEXT_FROM) drawLocals(edges);
}

// Local derivatives on the edges, once backprop goes along them, as long as they can be told apart.
function drawLocals(edges) {
  if (!ran || now <= seeding) return;
  const { colours } = look;
  pen.font = `10px ${MONO}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const e of edges) {
    if (flowsAt[e] < 0 || flowsAt[e] >= now) continue;
    if (edges.length > 60 && e !== chosen.edge && source[e] !== chosen.over &&
      target[e] !== chosen.over) continue;
    const ends = edgeEnds(source[e], target[e], e);
    const text = `∂ ${pythonFloat(local[e], 3)}`;
    const x = (ends.x1 + ends.x2) / 2, y = (ends.y1 + ends.y2) / 2;
    const wide = text.length * 6.1 + 6;
    pen.fillStyle = colours.bg;
    pen.globalAlpha = 0.9;
    pen.fillRect(x - wide / 2, y - 7, wide, 14);
    pen.globalAlpha = 1;
    pen.fillStyle = e === chosen.edge ? colours.accent : colours.muted;
    pen.fillText(text, x, y);
  }
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function fillOf(node) {
  if (look.heat && isComputed(node)) {
    const g = gradientNow(node);
    return g === null ? look.colours.zero && cssRgb(look.colours.zero) : cssRgb(heatRgb(g));
  }
  return looksOf(node)[0];
}

function drawMark(item) {
  const grow = 3 / camera.k;
  pen.strokeStyle = look.colours.accent;
  pen.lineWidth = 2 / camera.k;
  pen.strokeRect(X[item] - W[item] / 2 - grow, Y[item] - H[item] / 2 - grow,
    W[item] + 2 * grow, H[item] + 2 * grow);
}

function outline(item, radius, border, thick) {
  const left = X[item] - W[item] / 2, top = Y[item] - H[item] / 2;
  const marked = item === chosen.item || item === chosen.subject;
  pen.strokeStyle = marked || item === chosen.over ? look.colours.accent : border;
  pen.lineWidth = marked ? 2.6 : thick;
  if (camera.k < SQUARE_BELOW) { // round corners are not seen, and cost most
    pen.fillRect(left, top, W[item], H[item]);
    pen.strokeRect(left, top, W[item], H[item]);
    return;
  }
  pen.beginPath();
  pen.roundRect(left, top, W[item], H[item], radius);
  pen.fill();
  pen.stroke();
}

function drawCard(node) {
  const { colours } = look;
  const computed = isComputed(node);
  pen.globalAlpha = computed ? 1 : 0.4;
  pen.fillStyle = fillOf(node);
  outline(node, H[node] < 40 ? 12 : 8, looksOf(node)[1], isOutput(node) ? 2 : 1.2);
  if (trouble[node] && computed) drawFlag(node);
  if (camera.k >= TEXT_FROM) (H[node] < 40 ? writeSmall : writeCard)(node, computed);
  else if (!motion.moving || motion.detail > 0.5) {
    pen.fillStyle = colours.ink;
    pen.font = `600 20px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const text = labelOf(node) || (kind[node] === RESULT ? opOf(node).symbol : pythonFloat(data[node], 2));
    pen.fillText(cut(text, 9), X[node], Y[node] + 1, W[node] - 10);
  }
  pen.globalAlpha = 1;
}

function writeSmall(node) {
  const label = labelOf(node);
  pen.fillStyle = look.colours.muted;
  pen.font = `11px ${MONO}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const number = pythonFloat(data[node]);
  pen.fillText(label ? `${cut(label, 8)} ${number}` : number, X[node], Y[node] + 1, W[node] - 12);
}

function writeCard(node, computed) {
  const { colours } = look;
  const left = X[node] - W[node] / 2, top = Y[node] - H[node] / 2, label = labelOf(node);
  let x = left + 10;
  pen.textBaseline = "middle";
  if (kind[node] === RESULT) {
    const { symbol } = opOf(node);
    pen.beginPath();
    pen.roundRect(left + 5, top + 5, 34, H[node] - 10, 5);
    pen.globalAlpha *= look.heat ? 0.55 : 1;
    pen.fillStyle = colours.badge;
    pen.fill();
    pen.globalAlpha = computed ? 1 : 0.4;
    pen.fillStyle = colours.ink;
    pen.font = symbol.length > 2 ? `600 11px ${FONT}` : `600 17px ${FONT}`;
    pen.textAlign = "center";
    pen.fillText(cut(symbol, 7), left + 22, Y[node] + 1, 31);
    x = left + 46;
  }
  const right = left + W[node] - 9;
  const number = flags[node] & SUMMARY && Number.isNaN(data[node]) ? "—" : pythonFloat(data[node]);
  const lines = [["data", computed ? number : "?"]];
  if (flags[node] & REQUIRES_GRAD) {
    const g = gradientNow(node);
    lines.push(["grad", g === null ? "—" : pythonFloat(g)]);
  }
  const first = label ? 1 : 0, height = 15;
  let y = Y[node] - ((lines.length + first - 1) * height) / 2 + 0.5;
  if (label) {
    pen.textAlign = "left";
    pen.fillStyle = colours.ink;
    pen.font = `600 12.5px ${FONT}`;
    pen.fillText(cut(label, kind[node] === RESULT ? 13 : 18), x, y, right - x);
    y += height;
  }
  for (const [name, text] of lines) {
    pen.font = `10.5px ${FONT}`;
    pen.textAlign = "left";
    pen.fillStyle = look.heat ? colours.ink : colours.muted;
    pen.fillText(name, x, y);
    pen.font = `11.5px ${MONO}`;
    pen.textAlign = "right";
    pen.fillStyle = colours.ink;
    pen.fillText(text, right, y, right - x - 28);
    y += height;
  }
}

const FLAG_SIGNS = [[NAN, "NaN"], [INF, "∞"], [EXPLODING, "↑"], [VANISHING, "↓"]];

function drawFlag(node) {
  const [, sign] = FLAG_SIGNS.find(([bit]) => trouble[node] & bit);
  const wide = 12 + 6 * sign.length, x = X[node] + W[node] / 2 - wide / 2 - 2;
  const y = Y[node] - H[node] / 2;
  pen.beginPath();
  pen.roundRect(x - wide / 2, y - 8, wide, 16, 8);
  pen.fillStyle = look.colours.alarm;
  pen.fill();
  pen.fillStyle = look.colours.surface;
  pen.font = `700 10px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(sign, x, y + 0.5);
}

function drawFolded(item) {
  const { colours } = look, g = item - GROUP;
  const radius = 12;
  // A second edge behind the card says: there is more in here.
  pen.fillStyle = colours.group[0];
  pen.strokeStyle = colours.group[1];
  pen.lineWidth = 1;
  pen.beginPath();
  pen.roundRect(X[item] - W[item] / 2 + 5, Y[item] - H[item] / 2 - 5, W[item], H[item], radius);
  pen.fill();
  pen.stroke();
  if (look.heat && now === LAST) pen.fillStyle = cssRgb(heatRgb(groupGrad[g]));
  outline(item, radius, colours.group[1], 1.2);
  if (camera.k < 0.2) return;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = colours.ink;
  if (camera.k < 0.55) {
    pen.font = `600 24px ${FONT}`;
    pen.fillText(cut(given.groups.names[g], 14), X[item], Y[item] + 1, W[item] - 16);
    return;
  }
  pen.font = `600 14px ${FONT}`;
  pen.fillText(cut(given.groups.names[g], 20), X[item], Y[item] - 9, W[item] - 20);
  pen.fillStyle = colours.muted;
  pen.font = `11.5px ${FONT}`;
  pen.fillText(`${plural(inside[g], "node")}  ⊕`, X[item], Y[item] + 12, W[item] - 20);
}
