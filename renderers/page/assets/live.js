// ----- Live: a leaf is moved, and everything is computed again here -----
//
// PROGRAMS has the functions of each operation; it is empty in a page that is not live. On load the
// page computes once; where that is not what was recorded, it says so and stays still.

// `away`: whether numbers are others than were recorded; `moved`: what leaves held before.
const live = { on: false, why: "", away: false, moved: new Map() };
const programs = [...given.ops].map(({ name }) => PROGRAMS[name]);
const isStuck = new Uint8Array(N); // values that depend on an operation without a program
const isHeld = new Uint8Array(N); // gradients that do
const sourcesOf = (node) => source.subarray(start[node], start[node + 1]);
const startOf = new Map(seeds.map((node) => [node, seedOf(node)]));
const recorded = Object.keys(PROGRAMS).length ? { data: data.slice(), grad: grad.slice(), notes: new Map(notes) } : null;
const isStale = (node) => live.away && (isStuck[node] || isHeld[node]);

function computeAgain(values, gradients, slopes) {
  for (let node = 0; node < N; node++) {
    if (kind[node] !== RESULT || isStuck[node]) continue;
    const s = start[node], { forward } = programs[columns.op[node]];
    const a = values[source[s]], b = values[source[s + 1]];
    const many = start[node + 1] - s;
    values[node] = many === 1 ? forward(a) : many === 2 ? forward(a, b) :
      forward(...[...sourcesOf(node)].map((o) => values[o]));
  }
  if (!ran) return;
  gradients.fill(0);
  for (const [node, g] of before) if (kind[node] !== RESULT) gradients[node] = g;
  for (const [node, g] of startOf) gradients[node] = g;
  for (let node = 0; node < N; node++) if (isHeld[node]) gradients[node] = recorded.grad[node];
  for (let node = N - 1; node >= 0; node--) {
    if (kind[node] !== RESULT || !hasGrad(node) || isStuck[node]) continue;
    const s = start[node], many = start[node + 1] - s, program = programs[columns.op[node]];
    const g = gradients[node], out = values[node], a = values[source[s]], b = values[source[s + 1]];
    const operands = many > 2 ? [...sourcesOf(node)].map((o) => values[o]) : null;
    for (let k = 0; k < many; k++) {
      const slope = program.slopes[k], to = source[s + k];
      if (!slope || !(flags[to] & REQUIRES_GRAD)) continue;
      const rise = operands ? slope(1, out, ...operands) : slope(1, out, a, b);
      slopes[s + k] = rise;
      if (isHeld[to]) continue;
      const part = operands ? slope(g, out, ...operands) : slope(g, out, a, b);
      // Zero times infinity is zero here, as in backward().
      if (part === part || (g !== 0 && rise !== 0)) gradients[to] += part;
    }
  }
}

const isClose = (a, b) => Object.is(a, b) || Math.abs(a - b) <= 1e-9 * Math.abs(b) + 1e-300;
const programOf = (node) => programs[columns.op[node]];
const isWritten = (node) => programOf(node) && !programOf(node).missing;

function findStuck() {
  for (let node = 0; node < N; node++) {
    if (kind[node] !== RESULT) continue;
    if (!isWritten(node) || sourcesOf(node).some((o) => isStuck[o])) isStuck[node] = 1;
  }
  for (let node = N - 1; node >= 0; node--) {
    if (isStuck[node] || isHeld[node]) for (const o of sourcesOf(node)) isHeld[o] = 1;
  }
}

function begunLive() {
  if (given.leftOut || flags.some((bits) => bits & (SUMMARY | BROKEN)) || fresh.size) {
    return "some values are left out of it, or of older data";
  }
  findStuck();
  const [values, gradients, slopes] = [data, grad, local].map((column) => column.slice());
  computeAgain(values, gradients, slopes);
  for (let node = 0; node < N; node++) {
    const known = isClose(values[node], data[node]) && (!hasGrad(node) || isClose(gradients[node], grad[node]));
    if (!known) return `it computes other numbers than were recorded, first at ${nameOf(node)}`;
  }
  return "";
}

if (recorded) {
  live.why = begunLive();
  live.on = !live.why;
}
const stuckOps = () => [...new Set([...isStuck.keys()].filter((i) => isStuck[i] && !isWritten(i))
  .map((i) => opOf(i).name))];

const putIn = recorded ? [...kind.keys()].filter((i) => kind[i] !== RESULT) : [];

// Put numbers into leaves, and compute all others from them.
function setLeaves(numbers) {
  for (const [node, x] of numbers) data[node] = x;
  computeAgain(data, grad, local);
  live.away = putIn.some((i) => !Object.is(data[i], recorded.data[i]));
  noteOrigins();
  findTrouble();
  markDead();
  findTroubled();
  markGroups();
  if (look.heat) findGroupGrads();
  if (why.node >= 0) findWhy(why.node);
  if (look.heat) mapPicture = null;
  showStep();
  redraw();
}

function moveLeaves(numbers) {
  tellMoved(numbers);
  live.nudge = null;
  for (const [node] of numbers) if (!live.moved.has(node)) live.moved.set(node, data[node]);
  setLeaves(numbers);
}

// Whoever has this page in a frame, such as a notebook, hears what was moved, and may move leaves.
function tellMoved(numbers) {
  if (framed) window.parent.postMessage({ pluggrad: { moved: numbers } }, "*");
}

addEventListener("message", ({ data: told, source: from }) => {
  const numbers = told?.pluggrad?.leaves;
  if (!live.on || !framed || from !== window.parent || !Array.isArray(numbers)) return;
  const others = numbers.filter(([node, x]) => node < N && kind[node] !== RESULT && typeof x === "number" &&
    !Object.is(x, data[node]));
  if (!others.length) return;
  setLeaves(others);
  if (chosen.item >= 0 && !panel.contains(document.activeElement)) fillPanel(chosen.item);
});

// Where nan and infinity began is found anew; what else was noted of the record stays.
function noteOrigins() {
  notes.clear();
  for (const [node, all] of recorded.notes) {
    const kept = all.filter(({ kind: what }) => !live.away || what !== "nan" && what !== "inf");
    if (kept.length) notes.set(node, kept);
  }
  if (!live.away) return;
  noteDecisions();
  for (let node = 0; node < N; node++) {
    if (!Number.isFinite(data[node])) noteValue(node);
    else if (hasGrad(node) && Number.isFinite(grad[node])) noteGradients(node);
  }
}

// ----- The way taken: what Python decided while this was recorded stays decided -----

function noteDecisions() {
  for (const [node, all] of decisions) {
    for (const found of all) {
      if (answerNow(found) !== found[4]) noteOf(node, "way", `for the way taken: ${decisionText(found)}`, "way taken");
    }
  }
}

const nanOrInf = (x) => (Number.isNaN(x) ? "nan" : "inf");

function noteValue(node) {
  const what = nanOrInf(data[node]), same = what === "nan" ? Number.isNaN : (x) => Math.abs(x) === Infinity;
  if (sourcesOf(node).some((o) => same(data[o]))) return;
  const formula = kind[node] === RESULT ?
    applied(opOf(node), [...sourcesOf(node)].map((o) => pythonFloat(data[o]))) : "this number was put in";
  noteOf(node, what, `${pythonFloat(data[node])} began here: ${formula}`, `${what} began here`);
}

function noteGradients(node) {
  for (let e = start[node]; e < start[node + 1]; e++) {
    const part = contribution(e);
    if (flowsAt[e] < 0 || Number.isFinite(part) || !sourcesOf(node).every((o) => Number.isFinite(data[o]))) continue;
    noteOf(node, nanOrInf(part), `the gradient of ${nameOf(source[e])} became ${pythonFloat(part)} here: ` +
      `${pythonFloat(local[e])} times ${pythonFloat(grad[node])}`, `sends ${pythonFloat(part)} back`);
  }
}

// ----- What a person does with it -----

// One step of gradient descent, of all leaves that a gradient came to.
function descend(rate = live.rate ?? 0.01) {
  const moved = [];
  for (let i = 0; i < N; i++) {
    if (kind[i] === LEAF && hasGrad(i) && !isHeld[i]) moved.push([i, data[i] - rate * grad[i]]);
  }
  moveLeaves(moved);
}

function resetLeaves() {
  const held = [...live.moved];
  live.nudge = null;
  live.moved.clear();
  tellMoved(held);
  setLeaves(held);
}

function liveControls(node) {
  if (!recorded) return [];
  if (!live.on) {
    return kind[node] === LEAF ?
      [element("h3", "Live"), element("p", `This page stands still: ${live.why}.`, "wrong")] : [];
  }
  const stuck = stuckOps(), parts = [];
  if (kind[node] === LEAF) parts.push(element("h3", "Move it"), ...mover(node));
  if (stuck.length && (isStuck[node] || isHeld[node])) {
    parts.push(element("p", `What depends on ${stuck.join(", ")} stays as it was: no program.`, "wrong"));
  }
  return parts;
}

function mover(node) {
  const held = live.moved.get(node) ?? data[node], name = nameOf(node);
  const reach = 2 * Math.max(1, Math.abs(held));
  const range = field("range", `Slider: ${name}`, data[node]);
  const number = field("number", `Number: ${name}`, data[node]);
  Object.assign(range, { min: held - reach, max: held + reach, step: reach / 200, value: data[node] });
  const move = (from, to) => {
    if (!Number.isFinite(from.valueAsNumber)) return;
    to.value = from.value;
    moveLeaves([[node, from.valueAsNumber]]);
    const [value, slope] = panel.querySelectorAll("dd");
    value.textContent = exact(data[node]);
    if (hasGrad(node)) slope.textContent = exact(gradientNow(node));
  };
  for (const [input, other] of [[number, range], [range, number]]) {
    input.addEventListener("input", () => move(input, other));
    input.addEventListener("change", () => fillPanel(node));
  }
  const h = field("number", "Nudge by", live.h ?? 0.001), rate = field("number", "Learning rate", live.rate ?? 0.01);
  h.addEventListener("change", () => { live.h = h.valueAsNumber || 0.001; });
  rate.addEventListener("change", () => { live.rate = rate.valueAsNumber || 0.01; });
  const parts = [range, number, labelled("nudge by", h, tools(["Nudge", () => nudge(node, h.valueAsNumber)]))];
  if (live.nudge?.node === node) parts.push(element("p", live.nudge.text, "why"));
  parts.push(labelled("rate", rate));
  return [...parts, tools(["One step of descent", () => descend(rate.valueAsNumber)], ["Reset", resetLeaves])];
}

function labelled(text, ...parts) {
  const row = element("div", undefined, "labelled");
  row.append(element("span", text), ...parts);
  return row;
}

// What backprop began with, as a number: the outputs, each times what its gradient began with.
const objective = () => [...startOf].reduce((sum, [node, g]) => sum + g * data[node], 0);

// Move a leaf by a little, and set the slope that is measured beside the gradient.
function nudge(node, h) {
  if (!h) return;
  const y = objective(), g = hasGrad(node) ? grad[node] : null, held = before.get(node) ?? 0, name = nameOf(node);
  moveLeaves([[node, data[node] + h]]);
  const names = [...startOf.keys()].map(nameOf).join(" + ");
  const moved = `${names || "The output"} went from ${pythonFloat(y)} to ${pythonFloat(objective())}: ` +
    `a slope of ${pythonFloat((objective() - y) / h)}.`;
  const told = g === null ? `There is no gradient of ${name} to set beside it.` :
    `The gradient was ${pythonFloat(g)}${held ? `, of which ${pythonFloat(held)} was there before the pass` : ""}.`;
  live.nudge = { node, text: `${moved} ${told}` };
}

function field(type, label, value) {
  const made = element("input");
  Object.assign(made, { type, value });
  if (type === "number") made.step = "any";
  made.setAttribute("aria-label", label);
  return made;
}

// Buttons in a row; each does its work and shows what came of it.
function tools(...all) {
  const row = element("div", undefined, "tools");
  for (const [text, work] of all) {
    const button = element("button", text);
    button.addEventListener("click", () => {
      work();
      fillPanel(chosen.item);
      [...panel.querySelectorAll("button")].find((b) => b.textContent === text)?.focus();
    });
    row.append(button);
  }
  return row;
}
