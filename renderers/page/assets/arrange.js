// ----- Where everything stands -----
//
// Columns and rows come with the page: each group's members were laid out by themselves. Here they
// only get room: an unfolded group is as large as what is in it, and a column as wide as its
// widest member. This is linear in what is shown, whichever groups are unfolded.

const G = given.groups.names.length;
const GROUP = N; // items are the nodes, then the groups, the first of which is everything
const CARD = { width: 132, height: 58 }, SMALL_CARD = { width: 76, height: 26 };
const FOLDED = { width: 168, height: 60 };
const ROW = 74, BETWEEN_ROWS = 14, BETWEEN_COLUMNS = 58, PADDING = 18, TITLE = 24;
const SCREEN = 1120, BETWEEN_LINES = 48; // how long a line may be, and how far the next one is below
const TALL = 2600; // a column up to this height stays one

// On a narrow screen the computation runs from top to bottom.
let upright = false;
const UPRIGHT_BELOW = 560; // pixels
const BETWEEN_LAYERS = 34, COLUMN = 150;

const parentOf = (item) => (item < N ? columns.group[item] : given.groups.parents[item - N]);
const columnOf = (item) => (item < N ? columns.column[item] : given.groups.columns[item - N]);
const rowOf = (item) => (item < N ? columns.row[item] : given.groups.rows[item - N]);

const X = new Float64Array(N + G), Y = new Float64Array(N + G); // the middle of each item
const W = new Float32Array(N + G), H = new Float32Array(N + G);
const unfolded = new Uint8Array(G);
const groupShown = new Uint8Array(G);
const inside = new Uint32Array(G); // how many nodes a group has, at any depth
const hasOutput = new Uint8Array(G);
const shownAs = new Uint32Array(N); // the item that stands for a node: itself, or a folded group
const stage = { left: 0, top: 0, right: 0, bottom: 0 };
let looseEdges = []; // edges between items of which one is a group: [source, target, how many]
let visibleEdges = new Uint32Array(0); // edges between two nodes that are both shown
let shownItems = new Uint32Array(0);

// The members of each group, ordered by column and then row.
const memberStart = new Uint32Array(G + 1);
const members = new Uint32Array(N + G);
{
  const all = [];
  for (let item = 0; item < N + G; item++) {
    if (item !== GROUP) {
      memberStart[parentOf(item) + 1]++;
      all.push(item);
    }
    if (item < N) {
      inside[columns.group[item]]++;
      if (isOutput(item)) hasOutput[columns.group[item]] = 1;
    }
  }
  for (let g = G - 1; g > 0; g--) {
    inside[given.groups.parents[g]] += inside[g];
    hasOutput[given.groups.parents[g]] |= hasOutput[g];
  }
  for (let g = 0; g < G; g++) memberStart[g + 1] += memberStart[g];
  const next = memberStart.slice();
  for (const item of all) members[next[parentOf(item)]++] = item;
  for (let g = 0; g < G; g++) {
    members.subarray(memberStart[g], memberStart[g + 1])
      .sort((a, b) => columnOf(a) - columnOf(b) || rowOf(a) - rowOf(b) || a - b);
  }
}

function arrange() {
  unfolded[0] = 1;
  const open = [];
  for (let g = 0; g < G; g++) {
    const parent = given.groups.parents[g];
    groupShown[g] = g === 0 || (groupShown[parent] && unfolded[parent]) ? 1 : 0;
    if (groupShown[g] && unfolded[g]) open.push(g);
  }
  for (let i = 0; i < N; i++) {
    const small = kind[i] === CONSTANT && !isOutput(i);
    W[i] = (small ? SMALL_CARD : CARD).width;
    H[i] = (small ? SMALL_CARD : CARD).height;
  }
  for (let g = 0; g < G; g++) {
    W[GROUP + g] = FOLDED.width;
    H[GROUP + g] = FOLDED.height;
  }
  for (const g of open.slice().reverse()) fill(g);
  X[GROUP] = Y[GROUP] = 0;
  for (const g of open) {
    // Members know their place from the group's top left corner; now that one is known.
    const left = X[GROUP + g] - W[GROUP + g] / 2, top = Y[GROUP + g] - H[GROUP + g] / 2;
    for (let m = memberStart[g]; m < memberStart[g + 1]; m++) {
      X[members[m]] += left;
      Y[members[m]] += top;
    }
  }
  stage.left = -W[GROUP] / 2;
  stage.right = W[GROUP] / 2;
  stage.top = -H[GROUP] / 2;
  stage.bottom = H[GROUP] / 2;
  collect();
  findLanes();
}

function fill(g) {
  if (upright) return fillUpright(g);
  const first = memberStart[g], end = memberStart[g + 1];
  const laid = wrapTall(columnsOf(first, end)).map((items) => {
    keepApart(items);
    const width = items.reduce((most, item) => Math.max(most, W[item]), 0);
    return { items, width };
  });
  let top = Infinity, bottom = -Infinity, x = PADDING, right = PADDING, line = 0;
  for (let m = first; m < end; m++) {
    top = Math.min(top, Y[members[m]] - H[members[m]] / 2);
    bottom = Math.max(bottom, Y[members[m]] + H[members[m]] / 2);
  }
  if (first === end) top = bottom = 0;
  const longest = lineLength(laid, bottom - top), title = g === 0 ? 0 : TITLE;
  for (const { items, width } of laid) {
    if (x > PADDING && x + width > PADDING + longest) {
      x = PADDING;
      line++;
    }
    for (const item of items) {
      X[item] = x + width / 2;
      Y[item] += PADDING + title - top + line * (bottom - top + BETWEEN_LINES);
    }
    right = Math.max(right, x + width);
    x += width + BETWEEN_COLUMNS;
  }
  W[GROUP + g] = right + PADDING + (line ? BETWEEN_LINES / 2 : 0);
  H[GROUP + g] = (line + 1) * (bottom - top + BETWEEN_LINES) - BETWEEN_LINES + 2 * PADDING + title;
  return undefined;
}

// What is far longer than high continues below, as a text does: in lines of about the same length.
function lineLength(laid, height) {
  const total = laid.reduce((sum, { width }) => sum + width + BETWEEN_COLUMNS, 0);
  const fair = Math.max(SCREEN, Math.sqrt(1.6 * total * (height + BETWEEN_LINES)));
  if (total <= 1.15 * fair || total <= 3 * height) return Infinity;
  return total / Math.ceil(total / fair);
}

// The same with columns as layers, from top to bottom.
function fillUpright(g) {
  const first = memberStart[g], end = memberStart[g + 1];
  let y = PADDING + (g === 0 ? 0 : TITLE), left = Infinity, right = -Infinity;
  for (const items of columnsOf(first, end)) {
    let height = 0;
    for (const item of items) height = Math.max(height, H[item]);
    keepApart(items, X, W, COLUMN);
    for (const item of items) {
      Y[item] = y + height / 2;
      left = Math.min(left, X[item] - W[item] / 2);
      right = Math.max(right, X[item] + W[item] / 2);
    }
    y += height + BETWEEN_LAYERS;
  }
  if (first === end) { left = right = 0; y += BETWEEN_LAYERS; }
  for (let m = first; m < end; m++) X[members[m]] += PADDING - left;
  W[GROUP + g] = right - left + 2 * PADDING;
  H[GROUP + g] = y - BETWEEN_LAYERS + PADDING;
}

function columnsOf(first, end) {
  const listed = [];
  for (let from = first; from < end; ) {
    const column = columnOf(members[from]);
    let to = from;
    while (to < end && columnOf(members[to]) === column) to++;
    listed.push(members.subarray(from, to));
    from = to;
  }
  return listed;
}

// A column that has become far higher than the rest is wide, because groups in it are unfolded, is
// dealt out to several.
function wrapTall(listed) {
  const heights = listed.map((items) => items.reduce((sum, item) => sum + H[item] + BETWEEN_ROWS, 0));
  let area = 0;
  listed.forEach((items, i) => {
    area += heights[i] * (items.reduce((most, item) => Math.max(most, W[item]), 0) + BETWEEN_COLUMNS);
  });
  const fair = Math.max(TALL, 1.2 * Math.sqrt(area));
  return listed.flatMap((items, i) => {
    const parts = Math.min(items.length, Math.ceil(heights[i] / fair));
    if (parts < 2) return [items];
    return Array.from({ length: parts }, (_, part) => items.filter((_, j) => j % parts === part));
  });
}

// Put the members of one column as near to their rows as their sizes allow, in least squares:
// neighbours that would overlap are pooled into blocks.
function keepApart(items, places = Y, sizes = H, unit = ROW) {
  const means = [], counts = [], offsets = [];
  let offset = 0, last = -1;
  for (const item of items) {
    if (last >= 0) offset += (sizes[last] + sizes[item]) / 2 + BETWEEN_ROWS;
    last = item;
    offsets.push(offset);
    let mean = rowOf(item) * unit - offset, count = 1;
    while (means.length && means[means.length - 1] >= mean) {
      const others = counts.pop();
      mean = (mean * count + means.pop() * others) / (count + others);
      count += others;
    }
    means.push(mean);
    counts.push(count);
  }
  let i = 0;
  for (let block = 0; block < means.length; block++) {
    for (let n = 0; n < counts[block]; n++, i++) places[items[i]] = means[block] + offsets[i];
  }
}

// List what is shown: items, edges between nodes, and edges from or to folded groups.
function collect() {
  const foldedInto = new Int32Array(G).fill(-1);
  for (let g = 1; g < G; g++) {
    const above = foldedInto[given.groups.parents[g]];
    foldedInto[g] = above >= 0 ? above : unfolded[g] ? -1 : g;
  }
  const items = [];
  for (let i = 0; i < N; i++) {
    const folded = foldedInto[columns.group[i]];
    shownAs[i] = folded < 0 ? i : GROUP + folded;
    if (folded < 0) items.push(i);
  }
  for (let g = 1; g < G; g++) if (groupShown[g] && !unfolded[g]) items.push(GROUP + g);
  shownItems = Uint32Array.from(items);
  const edges = [], bundles = new Map();
  for (let e = 0; e < E; e++) {
    const s = shownAs[source[e]], t = shownAs[target[e]];
    if (s === t) continue;
    if (s < N && t < N) {
      edges.push(e);
    } else {
      const key = s * (N + G) + t;
      bundles.set(key, (bundles.get(key) || 0) + 1);
    }
  }
  visibleEdges = Uint32Array.from(edges);
  looseEdges = Array.from(bundles, ([key, count]) =>
    [Math.floor(key / (N + G)), key % (N + G), count]);
}

// Unfold one level of groups after the other, as long as a person can read the result. Those of one
// kind, such as all neurons, are unfolded together or not at all.
function unfoldToRead(most) {
  unfolded.fill(0);
  unfolded[0] = 1;
  let level = [0], shown = memberStart[1] - memberStart[0];
  while (level.length) {
    const kinds = new Map();
    for (const g of level) {
      for (const member of members.subarray(memberStart[g], memberStart[g + 1])) {
        if (member < N || isSummary(member - GROUP)) continue;
        const name = given.groups.names[member - GROUP].replace(/[\s\d#[\]()._-]+$/, "");
        kinds.set(name, [...(kinds.get(name) ?? []), member - GROUP]);
      }
    }
    const costs = Array.from(kinds.values(), (alike) =>
      [alike.reduce((sum, g) => sum + memberStart[g + 1] - memberStart[g] - 1, 0), alike]);
    level = [];
    for (const [cost, alike] of costs.sort(([a], [b]) => a - b)) {
      if (shown + cost > most) break;
      shown += cost;
      for (const g of alike) unfolded[g] = 1;
      level.push(...alike);
    }
  }
}

// What stands for many of the same, or for leaves alone, stays folded at first.
function isSummary(g) {
  if (/ × \d+/.test(given.groups.names[g])) return true;
  const within = members.subarray(memberStart[g], memberStart[g + 1]);
  return within.length > 16 && within.every((member) => member < N && kind[member] !== RESULT);
}

function unfoldAround(node) {
  let changed = false;
  for (let g = columns.group[node]; g > 0; g = given.groups.parents[g]) {
    if (!unfolded[g]) { unfolded[g] = 1; changed = true; }
  }
  if (changed) arrange();
  return changed;
}
