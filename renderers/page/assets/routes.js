// ----- Ways around: an edge that would pass behind a card takes a lane beside it -----

const ROUTED = { items: 400, edges: 1500 }; // beyond, edges are too many to follow one by one
const LANE = 6; // between two lanes, and twice this between a lane and a card
// For an edge, or -1 - the place of a loose edge: where it runs, across the way that the computation
// takes, and from where to where along it.
let lanes = new Map();

// The computation goes to the right, or down on an upright page.
const middleAcross = (item) => (upright ? X : Y)[item];
const sizeAcross = (item) => (upright ? W : H)[item];
const middleAlong = (item) => (upright ? Y : X)[item];
const beginOf = (item) => middleAlong(item) - (upright ? H : W)[item] / 2;
const endOf = (item) => middleAlong(item) + (upright ? H : W)[item] / 2;
const turned = ({ x1, y1, x2, y2, bend }) =>
  (upright ? { from: y1, to: y2, start: x1, end: x2, bend } : { from: x1, to: x2, start: y1, end: y2, bend });
const overlap = (a, b, c, d) => a < d && c < b;

function findLanes() {
  lanes = new Map();
  if (shownItems.length > ROUTED.items || visibleEdges.length + looseEdges.length > ROUTED.edges) return;
  for (const e of visibleEdges) findLane(e, source[e], target[e], e);
  looseEdges.forEach(([s, t], i) => findLane(-1 - i, s, t, -1));
  const [low, high] = upright ? ["left", "right"] : ["top", "bottom"];
  for (const { across } of lanes.values()) { // they belong to what is shown
    stage[low] = Math.min(stage[low], across - PADDING);
    stage[high] = Math.max(stage[high], across + PADDING);
  }
}

function findLane(key, s, t, e) {
  const ends = turned(edgeEnds(s, t, e));
  const between = Array.from(shownItems)
    .filter((item) => beginOf(item) > ends.from && endOf(item) < ends.to);
  const inTheWay = between.filter((item) => passesBehind(ends, item));
  if (!inTheWay.length) return;
  const from = Math.min(...inTheWay.map(beginOf)) - LANE, to = Math.max(...inTheWay.map(endOf)) + LANE;
  const beside = between.filter((item) => overlap(beginOf(item), endOf(item), from, to));
  const others = Array.from(lanes.values()).filter((lane) => overlap(lane.from, lane.to, from, to));
  const isFree = (across) =>
    beside.every((item) => Math.abs(across - middleAcross(item)) >= sizeAcross(item) / 2 + LANE) &&
    others.every((lane) => Math.abs(across - lane.across) >= LANE);
  const wish = (ends.start + ends.end) / 2;
  const places = [
    ...beside.flatMap((item) =>
      [-1, 1].map((side) => middleAcross(item) + side * (sizeAcross(item) / 2 + 2 * LANE))),
    ...others.flatMap((lane) => [lane.across - LANE, lane.across + LANE]),
  ].filter(isFree).sort((a, b) => Math.abs(a - wish) - Math.abs(b - wish) || a - b);
  if (places.length) lanes.set(key, { across: places[0], from, to });
}

function passesBehind({ from, to, start: begin, end, bend }, item) {
  const steps = 24;
  for (let i = 1; i < steps; i++) {
    const u = i / steps, v = 1 - u;
    const a = v * v * v, b = 3 * v * v * u, c = 3 * v * u * u, d = u * u * u;
    const along = a * from + b * (from + bend) + c * (to - bend) + d * to;
    const across = (a + b) * begin + (c + d) * end;
    const inside = along > beginOf(item) && along < endOf(item);
    if (inside && Math.abs(across - middleAcross(item)) < sizeAcross(item) / 2 + 2) return true;
  }
  return false;
}
