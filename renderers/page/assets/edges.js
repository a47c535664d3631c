// ----- Edges, and the local derivatives on them -----

const MOST_EDGES = { dots: 2500, cards: 3000, passing: 400 };
const HUB = 32; // uses beyond which a value's edges are faint, as they would hide all others

// An edge leaves at the right of its source and enters at the left of its target, each operand at
// a place of its own, so that the two edges of a * a are two. On an upright page it goes down.
function edgeEnds(s, t, e) {
  const ends = upright ? { x1: X[s], y1: Y[s] + H[s] / 2, x2: X[t], y2: Y[t] - H[t] / 2 } :
    { x1: X[s] + W[s] / 2, y1: Y[s], x2: X[t] - W[t] / 2, y2: Y[t] };
  if (e >= 0) {
    const arity = start[target[e] + 1] - start[target[e]];
    const side = upright ? W[t] : H[t];
    const step = Math.min(upright ? 30 : 14, (side - 12) / Math.max(1, arity - 1));
    const shift = (e - start[target[e]] - (arity - 1) / 2) * step;
    if (upright) ends.x2 += shift;
    else ends.y2 += shift;
  }
  const along = upright ? ends.y2 - ends.y1 : ends.x2 - ends.x1;
  ends.bend = Math.max(upright ? 12 : 24, Math.min(90, Math.abs(along) / 2));
  // From the end of a line of a long chain to the start of the next: between the two.
  ends.returns = !upright && along < -60 && Math.abs(Y[t] - Y[s]) > (H[s] + H[t]) / 2;
  return ends;
}

// Lead from line to line, around corners.
function traceReturn(path, { x1, y1, x2, y2 }) {
  const y = (y1 + y2) / 2, r = 10, down = Math.sign(y2 - y1) * r;
  path.moveTo(x1, y1);
  path.bezierCurveTo(x1 + r, y1, x1 + 2 * r, y1, x1 + 2 * r, y1 + down);
  path.lineTo(x1 + 2 * r, y - down);
  path.bezierCurveTo(x1 + 2 * r, y, x1 + r, y, x1 + r, y);
  path.lineTo(x2 - 2 * r, y);
  path.bezierCurveTo(x2 - 3 * r, y, x2 - 3 * r, y, x2 - 3 * r, y + down);
  path.lineTo(x2 - 3 * r, y2 - down);
  path.bezierCurveTo(x2 - 3 * r, y2, x2 - 2 * r, y2, x2, y2);
}

function trace(path, ends, straight, lane) {
  if (ends.returns && !lane) return traceReturn(path, ends);
  path.moveTo(ends.x1, ends.y1);
  if (lane) {
    const { across, from, to } = lane, way = turned(ends);
    const half = (from - way.from) / 2, rest = (way.to - to) / 2;
    const at = (along, beside) => (upright ? [beside, along] : [along, beside]);
    const bend = (...points) => path.bezierCurveTo(...points.flat());
    bend(at(way.from + half, way.start), at(from - half, across), at(from, across));
    path.lineTo(...at(to, across));
    bend(at(to + rest, across), at(way.to - rest, way.end), at(way.to, way.end));
  } else if (straight) path.lineTo(ends.x2, ends.y2);
  else if (upright) {
    path.bezierCurveTo(ends.x1, ends.y1 + ends.bend, ends.x2, ends.y2 - ends.bend, ends.x2, ends.y2);
  } else {
    path.bezierCurveTo(ends.x1 + ends.bend, ends.y1, ends.x2 - ends.bend, ends.y2, ends.x2, ends.y2);
  }
  return undefined;
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

const isHub = (node) => usersStart[node + 1] - usersStart[node] > HUB;

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
  const calm = pen.newPath(), flowing = pen.newPath(), faint = pen.newPath();
  const subject = chosen.over >= 0 ? chosen.over : chosen.item;
  const near = pen.newPath(), whyEdges = [];
  for (const e of edges) {
    const s = source[e], t = target[e];
    const touches = s === subject || t === subject;
    const drawn = touches || e === chosen.edge ||
      shuffled(e) < (isPassing(e, view) ? passingShare : share);
    if (!drawn) continue;
    const ends = edgeEnds(s, t, e);
    if (why.node >= 0 && Math.abs(whyShare(e)) > 0.001) {
      whyEdges.push([ends, whyShare(e), lanes.get(e)]);
      continue;
    }
    const path = e === chosen.edge || t === chosen.subject && !isBackward() ? flowing :
      touches ? near : isComputed(t) && !isHub(s) ? calm : faint;
    trace(path, ends, far, lanes.get(e));
    if (!far) drawHead(s, t, ends, colours.line);
  }
  const width = Math.max(1.3, 0.8 / camera.k);
  pen.lineWidth = width;
  pen.strokeStyle = colours.line;
  pen.globalAlpha = far ? 0.2 : 0.3;
  pen.stroke(faint);
  pen.globalAlpha = far ? 0.45 : 0.85;
  pen.stroke(calm);
  pen.globalAlpha = far ? 0.5 : 0.8;
  const thickest = looseEdges.length > 100 ? 1.2 : 4;
  const looseShare = shareOf(looseEdges.length, MOST_EDGES.dots * detail);
  const bundles = bundleShares();
  for (let i = 0; i < looseEdges.length; i++) {
    const [s, t, count] = looseEdges[i], lit = bundles.get(bundleKey(s, t)) ?? 0;
    if (!edgeInView(s, t, view) || shuffled(i) >= looseShare && !lit) continue;
    const path = pen.newPath();
    const ends = edgeEnds(s, t, -1);
    if (Math.abs(lit) > 0.001) {
      whyEdges.push([ends, lit, lanes.get(-1 - i)]);
      continue;
    }
    trace(path, ends, far, lanes.get(-1 - i));
    if (!far) drawHead(s, t, ends, colours.line);
    pen.lineWidth = Math.max(1, 0.8 / camera.k) * Math.min(thickest, 1 + Math.log2(count) * 0.4);
    pen.strokeStyle = s === subject || t === subject ? colours.accent : colours.line;
    pen.stroke(path);
  }
  pen.globalAlpha = 1;
  pen.strokeStyle = colours.accent;
  pen.lineWidth = width * 1.3;
  pen.stroke(near);
  pen.lineWidth = width * 2;
  pen.stroke(flowing);
  for (const [ends, share, lane] of whyEdges) { // as wide as their share
    const path = pen.newPath();
    trace(path, ends, far, lane);
    pen.strokeStyle = cssRgb(share < 0 ? colours.minus : colours.plus);
    pen.lineWidth = width * (1.2 + 5 * Math.min(1, Math.abs(share)));
    pen.stroke(path);
  }
  if (!far && camera.k >= TEXT_FROM) drawLocals(edges);
}

// Edges run to the right; one that does not has a head.
function drawHead(s, t, ends, colour) {
  if (upright || X[t] > X[s] + 1) return;
  const size = 7, { x2: x, y2: y } = ends;
  const head = pen.newPath();
  head.moveTo(x, y);
  head.lineTo(x - size, y - size / 2);
  head.lineTo(x - size, y + size / 2);
  head.lineTo(x, y);
  pen.fillStyle = colour;
  pen.fillPath(head);
}

// How far the label of an edge stands from its middle, so that those of c * c are two.
function besideTwins(e) {
  const t = target[e];
  let place = 0, twins = 0;
  for (let f = start[t]; f < start[t + 1]; f++) {
    if (source[f] !== source[e]) continue;
    if (f < e) place++;
    twins++;
  }
  return twins < 2 ? 0 : (place - (twins - 1) / 2) * 8;
}

// In the middle of an edge; on an upright page, below the cards that its lane passes.
function labelPlace({ x1, y1, x2, y2 }, lane) {
  if (!lane) return [(x1 + x2) / 2, (y1 + y2) / 2];
  if (!upright) return [(lane.from + lane.to) / 2, lane.across];
  return [(lane.across + x2) / 2, (lane.to + y2) / 2];
}

// Local derivatives on the edges, once backprop goes along them, as long as they can be told apart.
function drawLocals(edges) {
  if (!ran || now <= seeding) return;
  const { colours } = look;
  pen.font = `10px ${MONO}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const e of edges) {
    if (flowsAt[e] < 0 || flowsAt[e] >= now || isBroken(target[e])) continue;
    if (edges.length > 60 && e !== chosen.edge && source[e] !== chosen.over &&
      target[e] !== chosen.over) continue;
    const ends = edgeEnds(source[e], target[e], e);
    const text = `∂ ${pythonFloat(local[e], 3)}`;
    const [x, middle] = labelPlace(ends, lanes.get(e));
    const y = middle + besideTwins(e) * (upright ? 0.9 : 1);
    const wide = text.length * 6.1 + 6;
    pen.fillStyle = colours.back;
    pen.globalAlpha = 0.9;
    pen.fillRect(x - wide / 2, y - 7, wide, 14);
    pen.globalAlpha = 1;
    pen.fillStyle = e === chosen.edge ? colours.accent : colours.muted;
    pen.fillText(text, x, y);
  }
}
