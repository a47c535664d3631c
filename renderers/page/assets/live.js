// ----- Live: a leaf is moved, and everything is computed again here -----
//
// PROGRAMS has the functions of each operation; it is empty in a page that is not live. On load the
// page computes once; where that is not what was recorded, it says so and stays still.

const live = { on: false, why: "", moved: new Map() };
const programs = [...given.ops].map(({ name }) => PROGRAMS[name]);
const isStuck = new Uint8Array(N); // what depends on an operation without a program
const sourcesOf = (node) => source.subarray(start[node], start[node + 1]);
const startOf = new Map(seeds.map((node) => [node, seedOf(node)]));

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
  for (let node = N - 1; node >= 0; node--) {
    if (kind[node] !== RESULT || !hasGrad(node) || isStuck[node]) continue;
    const s = start[node], many = start[node + 1] - s, program = programs[columns.op[node]];
    const g = gradients[node], out = values[node], a = values[source[s]], b = values[source[s + 1]];
    const operands = many > 2 ? [...sourcesOf(node)].map((o) => values[o]) : null;
    for (let k = 0; k < many; k++) {
      const slope = program.slopes[k], to = source[s + k];
      if (!slope || !(flags[to] & REQUIRES_GRAD)) continue;
      slopes[s + k] = operands ? slope(1, out, ...operands) : slope(1, out, a, b);
      gradients[to] += operands ? slope(g, out, ...operands) : slope(g, out, a, b);
    }
  }
}

const isClose = (a, b) => Object.is(a, b) || Math.abs(a - b) <= 1e-9 * Math.abs(b) + 1e-300;

function begunLive() {
  if (given.leftOut || flags.some((bits) => bits & (SUMMARY | BROKEN)) || fresh.size) {
    return "some values are left out of it, or of older data";
  }
  for (let node = 0; node < N; node++) {
    if (kind[node] !== RESULT) continue;
    const missing = programs[columns.op[node]]?.missing ?? (programs[columns.op[node]] ? "" : "no program");
    if (missing || sourcesOf(node).some((o) => isStuck[o])) isStuck[node] = 1;
  }
  const [values, gradients, slopes] = [data, grad, local].map((column) => column.slice());
  computeAgain(values, gradients, slopes);
  const stuck = isStuck.some((x) => x);
  for (let node = 0; node < N; node++) {
    const known = isClose(values[node], data[node]) && (stuck || !hasGrad(node) || isClose(gradients[node], grad[node]));
    if (!known) return `it computes other numbers than were recorded, first at ${nameOf(node)}`;
  }
  return "";
}

if (Object.keys(PROGRAMS).length) {
  live.why = begunLive();
  live.on = !live.why;
}
const stuckOps = () => [...new Set([...isStuck.keys()].filter((i) => isStuck[i]).map((i) => opOf(i))
  .filter(({ name }) => PROGRAMS[name]?.missing ?? !PROGRAMS[name]).map(({ name }) => name))];

function moveLeaves(numbers) {
  for (const [node, x] of numbers) {
    if (!live.moved.has(node)) live.moved.set(node, data[node]);
    data[node] = x;
  }
  computeAgain(data, grad, local);
  showStep();
  draw();
}

// One step of gradient descent, of all leaves that a gradient came to.
function descend(rate = 0.01) {
  const moved = [];
  for (let i = 0; i < N; i++) if (kind[i] === LEAF && hasGrad(i)) moved.push([i, data[i] - rate * grad[i]]);
  moveLeaves(moved);
}

const resetLeaves = () => { moveLeaves([...live.moved]); live.moved.clear(); };

function liveControls(node) {
  if (!Object.keys(PROGRAMS).length || kind[node] !== LEAF) return [];
  if (!live.on) return [element("h3", "Live"), element("p", `This page stands still: ${live.why}.`, "wrong")];
  const parts = [element("h3", "Move it")], held = live.moved.get(node) ?? data[node];
  const number = element("input"), range = element("input");
  const reach = 2 * Math.max(1, Math.abs(held));
  Object.assign(number, { type: "number", step: "any", value: data[node] });
  Object.assign(range, { type: "range", min: held - reach, max: held + reach, step: reach / 200, value: data[node] });
  const move = (from, to) => {
    if (!Number.isFinite(from.valueAsNumber)) return;
    to.value = from.value;
    moveLeaves([[node, from.valueAsNumber]]);
    const [value, slope] = panel.querySelectorAll("dd");
    value.textContent = exact(data[node]);
    if (hasGrad(node)) slope.textContent = exact(gradientNow(node));
  };
  for (const [input, other, label] of [[number, range, "Number"], [range, number, "Slider"]]) {
    input.setAttribute("aria-label", `${label}: ${nameOf(node)}`);
    input.addEventListener("input", () => move(input, other));
    input.addEventListener("change", () => fillPanel(node));
  }
  const row = element("div", undefined, "tools");
  for (const [text, work] of [["One step of descent", () => descend()], ["Reset", resetLeaves]]) {
    const button = element("button", text);
    button.addEventListener("click", () => { work(); fillPanel(node); });
    row.append(button);
  }
  parts.push(range, number, row);
  const stuck = stuckOps();
  if (stuck.length) parts.push(element("p", `What depends on ${stuck.join(", ")} stays as it was: no program.`, "wrong"));
  return parts;
}
