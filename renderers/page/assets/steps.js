// ----- Steps: the forward pass one result at a time, then backprop one edge at a time -----
//
// `now` is how many steps have been taken. Forward step s computes node forwardSteps[s]. Then, where
// a backward pass ran, one step sets the output's gradient, and each further one sends a
// contribution along the edge backwardSteps[...].

const forwardSteps = [], backwardSteps = [], seeds = [];
const computedAt = new Int32Array(N); // the step that computes a node; 0 for leaves
const flowsAt = new Int32Array(E).fill(-1); // the step in which a gradient goes along an edge
for (let i = 0; i < N; i++) {
  if (kind[i] !== RESULT) continue;
  forwardSteps.push(i);
  computedAt[i] = forwardSteps.length;
}
const seeding = forwardSteps.length; // the step that backprop begins with
if (ran) {
  for (let i = N - 1; i >= 0; i--) {
    if (kind[i] !== RESULT || !hasGrad(i)) continue;
    for (let e = start[i]; e < start[i + 1]; e++) {
      if (!(flags[source[e]] & REQUIRES_GRAD) || isMissing(e) || isVague(e)) continue;
      flowsAt[e] = seeding + 1 + backwardSteps.length;
      backwardSteps.push(e);
    }
  }
}
// Where backprop began: at the outputs, or at a result that no gradient came to.
const isSeed = new Uint8Array(N);
for (let i = 0; i < N; i++) {
  if (!hasGrad(i) || kind[i] !== RESULT) continue;
  let reached = false;
  for (let u = usersStart[i]; u < usersStart[i + 1]; u++) {
    if (flowsAt[usersEdge[u]] >= 0) reached = true;
  }
  if (before.has(i) || (!reached && grad[i] !== 0)) {
    isSeed[i] = 1;
    seeds.push(i);
  }
}
const LAST = seeding + (ran ? 1 + backwardSteps.length : 0);
let now = LAST;

const isComputed = (node) => computedAt[node] <= now;
const isBackward = () => now > seeding;

// What an edge adds to its source's gradient; zero wins, as in backward().
const contribution = (e) =>
  (local[e] === 0 || grad[target[e]] === 0 ? 0 : local[e] * grad[target[e]]);

// The gradient that a node has after the steps taken; null while none has reached it. Leaves begin
// with what they held, and end with what they hold.
function gradientNow(node) {
  if (!hasGrad(node)) return null;
  if (now === LAST) return grad[node];
  let total = kind[node] === RESULT ? null : before.get(node) ?? null;
  if (now <= seeding) return total;
  if (isSeed[node]) total = seedOf(node);
  let waiting = 0;
  for (let u = usersStart[node]; u < usersStart[node + 1]; u++) {
    const e = usersEdge[u];
    if (flowsAt[e] < 0) continue;
    if (flowsAt[e] < now) total = (total ?? 0) + contribution(e);
    else waiting++;
  }
  // A hook may have changed the sum, or it is of older data.
  return waiting || total === null || kind[node] !== RESULT && !isOlder(node) ? total : grad[node];
}

function isOlder(node) {
  for (let u = usersStart[node]; u < usersStart[node + 1]; u++) {
    if (flowsAt[usersEdge[u]] >= 0 && isBroken(target[usersEdge[u]])) return true;
  }
  return false;
}

// What an output began with: its gradient, less what came from its users on this page.
function seedOf(node) {
  let total = grad[node];
  for (let u = usersStart[node]; u < usersStart[node + 1]; u++) {
    const e = usersEdge[u];
    if (flowsAt[e] >= 0) total -= contribution(e);
  }
  return total;
}

// What the last step did: { node } forward, { seed } or { edge } backward.
const lastStep = () => stepAt(now);

function stepAt(step) {
  if (step <= 0 || step > LAST) return {};
  if (step <= seeding) return { node: forwardSteps[step - 1] };
  if (step === seeding + 1) return { seed: true };
  return { edge: backwardSteps[step - seeding - 2] };
}

function subjectOf({ node, seed, edge }) {
  if (node !== undefined) return node;
  if (edge !== undefined) return source[edge];
  return seed && seeds.length ? seeds[0] : -1;
}

const operandsOf = (node) =>
  Array.from(source.subarray(start[node], start[node + 1]),
    (operand, i) => (isMissing(start[node] + i) ? null : operand));

function applied(op, operands) {
  const { symbol } = op;
  if (/^\w+$/.test(symbol) || operands.length > 2) return `${symbol}(${operands.join(", ")})`;
  const [a, b] = operands.map((text) => (/^-|[\s]/.test(text) ? `(${text})` : text));
  return operands.length === 2 ? `${a} ${symbol} ${b}` : `${symbol}${a}`;
}

const noteTexts = (node) => (notes.get(node) ?? []).map(({ text }) => text).join("; ");

// The formula of the last step, as [text, how it stands out] pairs.
function formulaNow() {
  const step = lastStep();
  if (step.node !== undefined) {
    const { node } = step, op = opOf(node), operands = operandsOf(node);
    if (isSummaryNode(node)) return [[`${nameOf(node)}`, "b"], [" stands for many results", ""],
      [Number.isNaN(data[node]) ? "" : ` = ${pythonFloat(data[node])}`, "b"]];
    const names = applied(op, operands.map((o) => (o === null ? "…" : nameOf(o))));
    const numbers = applied(op, operands.map((o) => (o === null ? "…" : pythonFloat(data[o]))));
    const parts = [[`${nameOf(node)} = `, "b"], [names, ""]];
    if (numbers !== names) parts.push([` = ${numbers}`, ""]);
    if (isBroken(node)) {
      return [...parts, [` is not ${pythonFloat(data[node])}`, "em"],
        [`, which was ${noteTexts(node)}`, "em"]];
    }
    return [...parts, [` = ${pythonFloat(data[node])}`, "b"]];
  }
  if (step.seed) {
    const names = seeds.map((o) => `${nameOf(o)}.grad = ${pythonFloat(seedOf(o))}`);
    return [[names.join(", ") || "backprop begins", "b"], ["   backprop begins here", "i"]];
  }
  if (step.edge !== undefined) {
    const e = step.edge, into = source[e], upstream = grad[target[e]];
    if (isBroken(target[e])) {
      return [[`${nameOf(into)}.grad`, "b"], [" gets a gradient computed from older data", "em"],
        [`   through ${opOf(target[e]).symbol} (${nameOf(target[e])})`, "i"]];
    }
    const part = contribution(e), total = gradientNow(into);
    const parts = [
      [`${nameOf(into)}.grad += `, "b"],
      [`local ${pythonFloat(local[e])} * upstream ${pythonFloat(upstream)}`, ""],
      [` = ${pythonFloat(part)}`, "b"],
    ];
    if (pythonFloat(total) !== pythonFloat(part)) {
      parts.push([`   now ${pythonFloat(total)}`, "i"]);
    }
    for (const { kind: why, text } of notes.get(into) ?? []) {
      if (why === "gradient") parts.push([`   ${text}`, "em"]);
    }
    return [...parts, [`   through ${opOf(target[e]).symbol} (${nameOf(target[e])})`, "i"]];
  }
  if (!N) return [["There is nothing in this graph.", "i"]];
  return [[forwardSteps.length ? "Leaves have their numbers. → computes the first result." :
    "Nothing is computed here: this is a leaf.", "i"]];
}

// What stands in the place of a formula before anyone has taken a step.
function opening() {
  const back = ran ? `, then ${plural(backwardSteps.length, "contribution")}` : "";
  return [["▶", "b"], [" plays it from the start, ← → go step by step.", ""],
    [`   ${plural(forwardSteps.length, "result")}${back}`, "i"]];
}
