// ----- Why? The paths that make a gradient, by their share of it -----

const why = { node: -1, share: new Map(), total: 0 };

// d(output)/d(node) is a sum over paths. Through an edge go all paths over it: what its source moves
// as the node moves, times the slope, times the gradient of its target.
function findWhy(node) {
  const moves = new Map([[node, 1]]);
  why.node = node;
  why.share = new Map();
  why.total = grad[node] - (kind[node] === RESULT ? 0 : before.get(node) ?? 0);
  for (let t = node + 1; t < N; t++) {
    let moved = 0;
    for (let e = start[t]; e < start[t + 1]; e++) {
      const by = moves.get(source[e]);
      if (by === undefined || flowsAt[e] < 0 || isBroken(t)) continue;
      moved += by * local[e];
      why.share.set(e, (by * contribution(e)) / why.total);
    }
    if (moved) moves.set(t, moved);
  }
}

function askWhy(item = chosen.item) {
  const node = item >= GROUP && item !== GROUP ? (why.node >= 0 ? why.node : largestIn(item - GROUP)) : item;
  if (node === why.node || node < 0 || node >= N || !hasGrad(node)) why.node = -1;
  else findWhy(node);
  if (chosen.item >= 0) fillPanel(chosen.item);
  changed();
}

const whyShare = (e) => (why.node < 0 ? 0 : why.share.get(e) ?? 0);

// For a group it is asked of the largest gradient in it.
function largestIn(g) {
  let best = -1;
  for (let node = 0; node < N; node++) {
    if (!hasGrad(node) || kind[node] === CONSTANT || !isWithin(node, g)) continue;
    if (best < 0 || Math.abs(grad[node]) > Math.abs(grad[best])) best = node;
  }
  return best;
}

// The share that goes over all edges between two items, of which one is a folded group.
const bundleKey = (s, t) => s * (N + G) + t;
let bundled = { of: null, shown: null, shares: new Map() };
function bundleShares() {
  const of = why.node < 0 ? null : why.share;
  if (bundled.of === of && bundled.shown === looseEdges) return bundled.shares;
  const shares = new Map();
  bundled = { of, shown: looseEdges, shares };
  if (!of) return shares;
  for (const [e, share] of why.share) {
    const s = shownAs[source[e]], t = shownAs[target[e]];
    if (s !== t && (s >= GROUP || t >= GROUP)) shares.set(bundleKey(s, t), (shares.get(bundleKey(s, t)) ?? 0) + share);
  }
  return shares;
}

// The share that comes into a group from outside, or begins in it.
function shareThrough(g) {
  if (isWithin(why.node, g)) return 1;
  let sum = 0;
  for (const [e, share] of why.share) if (isWithin(target[e], g) && !isWithin(source[e], g)) sum += share;
  return sum;
}

function whyText(node) {
  const outputs = [];
  for (let i = 0; i < N; i++) if (isOutput(i) && hasGrad(i)) outputs.push(nameOf(i));
  const y = outputs.length === 1 ? outputs[0] : "the output", x = nameOf(node), g = why.total;
  const about = `d(${y})/d(${x}) = ${pythonFloat(g)}`;
  const lines = [];
  if (Number.isNaN(g)) lines.push(`${about}: somewhere on the way a number stopped being a number. n goes there.`);
  else if (g === 0) lines.push(`${about}: the contributions cancel, or a local derivative of 0 blocks them.`);
  else {
    const times = Math.abs(g) === 1 ? "as much" : `${pythonFloat(Math.abs(g))} times as much`;
    lines.push(`${about}: if ${x} grows a little, ${y} ${g > 0 ? "grows" : "falls"} ${times}.`);
  }
  if (!g || Number.isNaN(g)) return lines;
  const rows = [...usersOf(node)].sort(([, a], [, b]) => Math.abs(b.part) - Math.abs(a.part));
  for (const [item, { part, edges }] of rows.slice(0, MOST_ROWS)) {
    const through = item < N ? titleOf(item) :
      `${given.groups.names[item - GROUP]}${edges > 1 ? ` (${plural(edges, "edge")})` : ""}`;
    lines.push(`${pythonFloat(part)} (${pythonFloat((100 * part) / g, 3)} %) through ${through}`);
  }
  if (rows.length > MOST_ROWS) lines.push(`… and ${counted(rows.length - MOST_ROWS)} more`);
  return lines;
}

// What each user of a value sends back to it; those in one folded group are one.
function usersOf(node) {
  const found = new Map();
  for (let u = usersStart[node]; u < usersStart[node + 1]; u++) {
    const e = usersEdge[u];
    if (!why.share.has(e)) continue;
    const item = shownAs[target[e]], row = found.get(item) ?? { part: 0, edges: 0 };
    row.part += contribution(e);
    row.edges++;
    found.set(item, row);
  }
  return found;
}
