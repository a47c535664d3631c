// ----- The graph: columns of numbers, one row for each node or edge -----

const given = JSON.parse($("data").textContent);
const COLUMN_TYPES = {
  B: Uint8Array, H: Uint16Array, I: Uint32Array, f: Float32Array, d: Float64Array,
};
const HAS_GRAD = 1, REQUIRES_GRAD = 2, OUTPUT = 4, SUMMARY = 8, BROKEN = 16;
const LEAF = 0, CONSTANT = 1, RESULT = 2;

const toNumber = (x) => (typeof x === "number" ? x : { inf: Infinity, "-inf": -Infinity }[x] ?? NaN);

function unpacked([type, text]) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return type === "deflate" ? bytes : new COLUMN_TYPES[type](bytes.buffer);
}

async function inflated([type, text, format]) {
  const bytes = new Blob([unpacked([format, text])]).stream();
  const whole = new Response(bytes.pipeThrough(new DecompressionStream(format)));
  return new COLUMN_TYPES[type](await whole.arrayBuffer());
}

const N = given.nodes;
const columns = {};
for (const name of Object.keys(given.arrays)) {
  const column = given.arrays[name];
  columns[name] = column.length > 2 ? await inflated(column) : unpacked(column);
  delete given.arrays[name]; // a page of 100,000 nodes need not hold its text twice
}
const { kind, data, grad, flags, start, source, local } = columns;
const E = source.length;

// Which node each edge goes to; and for each node the edges that leave it.
const target = new Uint32Array(E);
const usersStart = new Uint32Array(N + 1);
const usersEdge = new Uint32Array(E);
for (let node = 0; node < N; node++) {
  for (let e = start[node]; e < start[node + 1]; e++) {
    target[e] = node;
    usersStart[source[e] + 1]++;
  }
}
for (let node = 0; node < N; node++) usersStart[node + 1] += usersStart[node];
{
  const next = usersStart.slice();
  for (let e = 0; e < E; e++) usersEdge[next[source[e]]++] = e;
}

const idOf = (node) => (given.ids ? given.ids[node] : `n${node}`);
const labelOf = (node) => given.labels[columns.label[node]];
const opOf = (node) => given.ops[columns.op[node]];
const nameOf = (node) =>
  labelOf(node) || (kind[node] === CONSTANT ? pythonFloat(data[node]) : idOf(node));
const hasGrad = (node) => (flags[node] & HAS_GRAD) !== 0;
const isOutput = (node) => (flags[node] & OUTPUT) !== 0;
const isSummaryNode = (node) => (flags[node] & SUMMARY) !== 0; // of many, by Graph.collapse
// A group that is used at several places has no single number, and no single slope.
const textOf = (node) => (isSummaryNode(node) && Number.isNaN(data[node]) ? "—" : exact(data[node]));
const isVague = (e) => isSummaryNode(target[e]) && Number.isNaN(local[e]);
// What no longer follows from the numbers beside it: a value, and the slopes that go with it.
const isBroken = (node) => (flags[node] & BROKEN) !== 0;
const numbered = (pairs) => new Map(pairs.map(([i, x]) => [i, toNumber(x)]));
const before = numbered(given.before); // gradients that came from no user
const fresh = numbered(given.fresh); // what values would be now
const lines = new Map((given.lines.of ?? []).map(([i, line]) => [i, given.lines.texts[line]]));
// What Python compared and went by: [node, how, other node or -1, number, answer, line].
const decisions = new Map();
for (const found of given.decisions) decisions.set(found[0], [...(decisions.get(found[0]) ?? []), found]);
const isMissing = (e) => source[e] === target[e]; // its operand was left out of the page

const ran = (() => {
  for (let node = 0; node < N; node++) if (hasGrad(node)) return true;
  return false;
})();

// ----- Notes: what is wrong with a number, and where nan and infinity began -----

const notes = new Map();
const noteOf = (node, kind, text, brief) =>
  notes.set(node, [...(notes.get(node) ?? []), { kind, text, brief }]);
for (const [node, kind, text, brief] of given.notes) noteOf(node, kind, text, brief);
for (const [node, now] of fresh) {
  if (isSummaryNode(node)) continue;
  const known = !Number.isNaN(now) || Number.isNaN(data[node]);
  const told = toldApart(now, data[node]);
  noteOf(node, "older", `computed from older data${known ? `: ${told} now` : ""}`, known ? `now ${told}` : "older");
}
for (let node = 0; node < N; node++) {
  if (isBroken(node) && !fresh.has(node)) noteOf(node, "older", "computed from older data", "older");
}
const isOrigin = (node) => (notes.get(node) ?? []).some(({ kind }) => kind === "nan" || kind === "inf");

// ----- Trouble: what is not a number, infinite, vanishing or exploding -----

const NAN = 1, INF = 2, VANISHING = 4, EXPLODING = 8, DEAD = 16;
const TROUBLES = [
  [NAN, "nan"], [INF, "infinite"], [VANISHING, "vanishing gradient"],
  [EXPLODING, "exploding gradient"], [DEAD, "dead: flat for all data"],
];
const SMALL = 1e-8, LARGE = 1e5; // times the gradient that backprop began with
const trouble = new Uint8Array(N);
function findTrouble() {
  trouble.fill(0);
  let seed = 0;
  for (let node = 0; node < N; node++) {
    if (isOutput(node) && hasGrad(node)) seed = Math.max(seed, Math.abs(grad[node]));
  }
  if (!(seed > 0 && seed < Infinity)) seed = 1;
  for (let node = 0; node < N; node++) {
    const g = hasGrad(node) ? Math.abs(grad[node]) : 0;
    if (isSummaryNode(node)) continue; // a group that stands for many has no single number
    if (Number.isNaN(data[node]) || Number.isNaN(g)) trouble[node] |= NAN;
    if (Math.abs(data[node]) === Infinity || g === Infinity) trouble[node] |= INF;
    if (g > 0 && g < SMALL * seed) trouble[node] |= VANISHING;
    if (g > LARGE * seed && g < Infinity) trouble[node] |= EXPLODING;
  }
}
findTrouble();
