// ----- Ways around: an edge that would pass behind a card takes a lane above or below it -----

const ROUTED = { items: 400, edges: 1500 }; // beyond, edges are too many to follow one by one
const LANE = 6; // between two lanes, and twice this between a lane and a card
let lanes = new Map(); // for an edge, or -1 - the place of a loose edge: { y, from, to }

const leftOf = (item) => X[item] - W[item] / 2;
const rightOf = (item) => X[item] + W[item] / 2;
const overlap = (a, b, c, d) => a < d && c < b;

function findLanes() {
  lanes = new Map();
  if (upright || shownItems.length > ROUTED.items || visibleEdges.length + looseEdges.length > ROUTED.edges) return;
  for (const e of visibleEdges) findLane(e, source[e], target[e], e);
  looseEdges.forEach(([s, t], i) => findLane(-1 - i, s, t, -1));
  for (const { y } of lanes.values()) { // they belong to what is shown
    stage.top = Math.min(stage.top, y - PADDING);
    stage.bottom = Math.max(stage.bottom, y + PADDING);
  }
}

function findLane(key, s, t, e) {
  const ends = edgeEnds(s, t, e);
  const between = Array.from(shownItems)
    .filter((item) => leftOf(item) > ends.x1 && rightOf(item) < ends.x2);
  const inTheWay = between.filter((item) => passesBehind(ends, item));
  if (!inTheWay.length) return;
  const from = Math.min(...inTheWay.map(leftOf)) - LANE, to = Math.max(...inTheWay.map(rightOf)) + LANE;
  const beside = between.filter((item) => overlap(leftOf(item), rightOf(item), from, to));
  const others = Array.from(lanes.values()).filter((lane) => overlap(lane.from, lane.to, from, to));
  const isFree = (y) =>
    beside.every((item) => Math.abs(y - Y[item]) >= H[item] / 2 + LANE) &&
    others.every((lane) => Math.abs(y - lane.y) >= LANE);
  const wish = (ends.y1 + ends.y2) / 2;
  const places = [
    ...beside.flatMap((item) => [-1, 1].map((side) => Y[item] + side * (H[item] / 2 + 2 * LANE))),
    ...others.flatMap((lane) => [lane.y - LANE, lane.y + LANE]),
  ].filter(isFree).sort((a, b) => Math.abs(a - wish) - Math.abs(b - wish) || a - b);
  if (places.length) lanes.set(key, { y: places[0], from, to });
}

function passesBehind({ x1, y1, x2, y2, bend }, item) {
  const steps = 24;
  for (let i = 1; i < steps; i++) {
    const u = i / steps, v = 1 - u;
    const a = v * v * v, b = 3 * v * v * u, c = 3 * v * u * u, d = u * u * u;
    const x = a * x1 + b * (x1 + bend) + c * (x2 - bend) + d * x2;
    const y = (a + b) * y1 + (c + d) * y2;
    if (Math.abs(x - X[item]) < W[item] / 2 && Math.abs(y - Y[item]) < H[item] / 2 + 2) return true;
  }
  return false;
}
