// ----- The panel: all about the chosen value or group -----

const panel = $("panel");
const MOST_ROWS = 40;

function definition(list, name, text) {
  list.append(element("dt", name), element("dd", text));
}

function link(item, note, title) {
  const row = element("button", undefined, "row");
  row.append(element("b", item < N ? titleOf(item) : given.groups.names[item - GROUP]));
  row.append(element("span", note));
  if (title) row.title = title;
  row.addEventListener("click", () => {
    choose(item, { show: true });
    panel.focus(); // the row that had the focus is gone
  });
  return row;
}

function titleOf(node) {
  const label = labelOf(node);
  if (kind[node] === RESULT) {
    const { symbol } = opOf(node);
    return label ? `${label} = ${symbol}` : `${symbol} (${idOf(node)})`;
  }
  return label || (kind[node] === CONSTANT ? pythonFloat(data[node]) : idOf(node));
}

function fillPanel(item, edge = -1) {
  const parts = item < 0 ? summary() : item < N ? aboutNode(item, edge) : aboutGroup(item);
  panel.replaceChildren(...parts);
}

// Words in backticks are code.
function paragraph(text) {
  const made = element("p", undefined, "about");
  made.append(...text.split("`").map((part, i) => (i % 2 ? element("code", part) : part)));
  return made;
}

function summary() {
  const counts = [0, 0, 0];
  for (let i = 0; i < N; i++) counts[kind[i]]++;
  const told = [[counts[LEAF], "leaf", "leaves"], [counts[CONSTANT], "constant", "constants"],
    [counts[RESULT], "result", "results"]].filter(([count]) => count)
    .map(([count, one, more]) => `${counted(count)} ${count === 1 ? one : more}`);
  const parts = [element("h2", given.title), element("p", told.join(", "), "kind")];
  parts.push(...given.about.map(paragraph));
  if (given.wrong) parts.push(element("p", given.wrong, "wrong"));
  if (!ran && N) {
    parts.push(element("p", "No backward pass has run. Call backward() on the output before " +
      "drawing, and the page steps through backprop as well."));
  }
  const outputs = [];
  for (let i = 0; i < N; i++) if (isOutput(i)) outputs.push(i);
  if (outputs.length) parts.push(element("h3", outputs.length > 1 ? "Outputs" : "Output"));
  for (const o of outputs.slice(0, MOST_ROWS)) parts.push(link(o, pythonFloat(data[o])));
  if (outputs.length > MOST_ROWS) parts.push(more(outputs.length));
  return N ? [...parts, ...howToRead(counts)] : parts;
}

// What the drawing means, as far as this graph has it.
function howToRead(counts) {
  const signs = element("ul");
  const sign = (name, mark, text, wanted) => {
    if (!wanted) return;
    const row = element("li");
    row.append(element("i", mark, name), element("span", text));
    signs.append(row);
  };
  sign("leaf", "x", "a leaf: a number that was put in", counts[LEAF]);
  sign("constant", "2.0", "a constant: no gradient is wanted for it", counts[CONSTANT]);
  sign("result", "+", "a result; its operands come in at the left, in their order", counts[RESULT]);
  sign("output", "o", "the output, from which backprop starts", true);
  sign("group", "⊕", `a group of many; a double ${touched ? "tap" : "click"} unfolds and folds it`, G > 1);
  sign("word", "▤", "training: the loss; below it the largest gradient in each layer, frame by frame; in red " +
    "the share of its units that are dead: flat for all data, so that nothing reaches their weights", film.on);
  sign("word", "∂", "how fast the result moves as this operand moves", ran && E);
  sign("word", "grad", "how fast the output moves as this moves: the grad of each result that it goes " +
    "into, times the ∂ between them, added up", ran);
  return [element("h3", "How to read it"), signs,
    element("p", "Numbers flow to the right, gradients back to the left. " + (touched ?
      "Tap a value to see all about it." :
      "Hover over a value or click it to see all about it. ? lists the keys."))];
}

const more = (count) => element("p", `… and ${counted(count - MOST_ROWS)} more`);

// How fast the step's result moves: as a formula, and as numbers.
function aboutSlope(e) {
  const text = slopeOf(e);
  if (!text) return [];
  const made = element("p", `d(${nameOf(target[e])})/d(${nameOf(source[e])}) = ${text}`, "slope");
  return [element("h3", "Local derivative"), made];
}

function aboutGradient(node) {
  const rows = sumOf(node);
  if (!rows.length || isOlder(node)) return [];
  const list = element("ol", undefined, "sum");
  for (const { part, text, taken } of rows.slice(0, MOST_ROWS)) {
    const row = element("li", undefined, taken ? "" : "waits");
    row.append(element("b", `${part < 0 ? "−" : "+"} ${pythonFloat(Math.abs(part))}`), element("span", text));
    list.append(row);
  }
  const parts = [element("h3", "Gradient, added up"), list];
  if (rows.length > MOST_ROWS) parts.push(more(rows.length));
  const g = gradientNow(node);
  parts.push(element("p", `= ${g === null ? "not yet reached" : pythonFloat(g)}`, "total"));
  return [...parts, ...aboutWhy(node, why.node === node)];
}

function aboutWhy(item, asked) {
  const ask = element("button", asked ? "Hide why" : "Why?");
  ask.addEventListener("click", () => askWhy(item));
  return [ask, ...(asked ? whyText(why.node).map((line) => element("p", line, "why")) : [])];
}

// Why the gradients in a group are what they are; or how much of a gradient goes through it.
function aboutGroupWhy(item) {
  const g = item - GROUP;
  if (!ran || g === 0 || largestIn(g) < 0) return [];
  const parts = aboutWhy(item, why.node >= 0);
  if (why.node >= 0 && !isWithin(why.node, g)) {
    const share = `${pythonFloat(100 * shareThrough(g), 3)} % of it comes through ${given.groups.names[g]}`;
    parts.push(element("p", `${share}.`, "why"));
  }
  return parts;
}

function aboutNode(node, edge = -1) {
  const op = kind[node] === RESULT ? opOf(node) : null;
  const label = labelOf(node);
  const parts = [element("h2", label || (op ? op.symbol : nameOf(node)))];
  const made = isSummaryNode(node) ? "stands for many" : op ? `result of ${op.name}` : KIND_NAMES[kind[node]];
  const what = [isOutput(node) ? "output" : "", made];
  parts.push(element("p", `${idOf(node)} · ${what.filter(Boolean).join(", ")}`, "kind"));
  for (const [bit, name] of TROUBLES) {
    if (trouble[node] & bit) parts.push(element("span", name, "flag"));
  }
  for (const { text } of notes.get(node) ?? []) parts.push(element("p", text, "wrong"));
  const list = element("dl");
  definition(list, "data", isComputed(node) ? textOf(node) : "not yet computed");
  if (flags[node] & REQUIRES_GRAD) {
    const g = gradientNow(node);
    definition(list, "grad", g !== null ? exact(g) : ran ? "not yet reached" : "no backward pass");
  } else definition(list, "grad", "none: a constant");
  const path = [];
  for (let g = columns.group[node]; g > 0; g = given.groups.parents[g]) {
    path.unshift(given.groups.names[g]);
  }
  if (path.length) definition(list, "in", path.join(" / "));
  parts.push(list);
  if (lines.has(node)) parts.push(element("p", lines.get(node), "line"));
  parts.push(...aboutDecisions(node), ...liveControls(node), ...aboutTime(node));
  if (edge >= 0) parts.push(...aboutSlope(edge));
  if (hasGrad(node)) parts.push(...aboutGradient(node));
  if (op) parts.push(...aboutOperands(node));
  if (op && !isSummaryNode(node)) parts.push(...aboutOp(op));
  parts.push(...aboutUsers(node));
  return parts;
}

function aboutOperands(node) {
  const parts = [element("h3", "Operands")];
  for (let e = start[node]; e < start[node + 1] && e < start[node] + MOST_ROWS; e++) {
    if (isMissing(e)) { parts.push(element("p", "… left out of this page")); continue; }
    const flows = flags[source[e]] & REQUIRES_GRAD && !isVague(e) && !isBroken(node);
    const note = flows ? `${pythonFloat(data[source[e]])}  ∂ ${pythonFloat(local[e])}` :
      pythonFloat(data[source[e]]);
    const title = flows && hasGrad(node) ?
      `local ${pythonFloat(local[e])} * upstream ${pythonFloat(grad[node])} = ` +
      pythonFloat(contribution(e)) : "";
    parts.push(link(source[e], note, title));
    if (flows && slopeOf(e) !== pythonFloat(local[e])) parts.push(element("p", `∂ = ${slopeOf(e)}`, "slope"));
  }
  if (start[node + 1] - start[node] > MOST_ROWS) parts.push(more(start[node + 1] - start[node]));
  return parts;
}

function aboutOp(op) {
  const parts = [element("h3", `Operation ${op.name}`)];
  if (op.doc) parts.push(element("p", op.doc));
  if (op.rule) parts.push(element("pre", op.rule));
  if (op.where) parts.push(element("p", op.where));
  return parts;
}

function aboutUsers(node) {
  const from = usersStart[node], end = usersStart[node + 1];
  if (from === end) return [];
  const parts = [element("h3", `Used ${plural(end - from, "time")}`)];
  for (let u = from; u < end && u < from + MOST_ROWS; u++) {
    const e = usersEdge[u], t = target[e];
    const flows = hasGrad(t) && flags[node] & REQUIRES_GRAD && !isVague(e) && !isBroken(t);
    parts.push(link(t, flows ? `adds ${pythonFloat(contribution(e))}` : pythonFloat(data[t])));
  }
  if (end - from > MOST_ROWS) parts.push(more(end - from));
  return parts;
}

function aboutGroup(item) {
  const g = item - GROUP;
  const list = element("dl"), largest = largestIn(g);
  let results = 0;
  for (let i = 0; i < N; i++) if (kind[i] === RESULT && isWithin(i, g)) results++;
  definition(list, "nodes", counted(inside[g]));
  definition(list, "operations", counted(results));
  if (largest >= 0) definition(list, "largest |grad|", `${pythonFloat(Math.abs(grad[largest]))} of ${nameOf(largest)}`);
  const fold = element("button", unfolded[g] ? "Fold this group" : "Unfold this group");
  fold.addEventListener("click", () => toggle(g));
  const parts = [element("h2", given.groups.names[g]), element("p", "group", "kind"), list, fold];
  parts.push(...aboutGroupWhy(item));
  parts.push(element("h3", "Members"));
  const first = memberStart[g], end = memberStart[g + 1];
  for (let m = first; m < end && m < first + MOST_ROWS; m++) {
    const member = members[m];
    parts.push(link(member, member < N ? pythonFloat(data[member]) : plural(inside[member - GROUP], "node")));
  }
  if (end - first > MOST_ROWS) parts.push(more(end - first));
  return parts;
}

function isWithin(node, g) {
  let at = columns.group[node];
  while (at > g) at = given.groups.parents[at]; // parents have smaller numbers
  return at === g;
}
