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

function askWhy(node = chosen.item) {
  if (node === why.node || node < 0 || node >= N || !hasGrad(node)) why.node = -1;
  else findWhy(node);
  if (chosen.item >= 0) fillPanel(chosen.item);
  changed();
}

const whyShare = (e) => (why.node < 0 ? 0 : why.share.get(e) ?? 0);

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
  for (let u = usersStart[node]; u < usersStart[node + 1]; u++) {
    const e = usersEdge[u];
    if (!why.share.has(e) || !g || Number.isNaN(g)) continue;
    lines.push(`${pythonFloat(contribution(e))} (${pythonFloat(100 * why.share.get(e), 3)} %) through ` +
      titleOf(target[e]));
  }
  return lines;
}
