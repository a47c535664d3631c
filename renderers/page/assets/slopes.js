// ----- Slopes: the derivative along an edge as a formula, with names and with numbers -----

const bracketed = (text) => (/^-/.test(text) ? `(${text})` : text);

function slopeOf(e) {
  const t = target[e], templates = opOf(t).slopes?.[e - start[t]];
  if (!templates || isVague(e) || isBroken(t)) return "";
  const operands = operandsOf(t);
  if (operands.includes(null)) return "";
  const written = (template, textOf) => template
    .replace(/\{(\d+)\}/g, (_, i) => bracketed(textOf(operands[i])))
    .replace("{out}", bracketed(pythonFloat(data[t]))).replace(/\*\*/g, "^");
  const parts = [written(templates[0], nameOf), written(templates[1], (o) => pythonFloat(data[o])),
    pythonFloat(local[e])];
  const plain = (part) => (Number.isNaN(Number(part)) ? part : pythonFloat(Number(part)));
  return parts.map((part) => plain(part.replace(/^\((-[\d.e+]+)\)$/, "$1")))
    .filter((part, i, all) => i === 0 || part !== all[i - 1]).join(" = ");
}

// The gradient of a value as a sum: what it began with, and what each user adds, step by step.
function sumOf(node) {
  const rows = [];
  let total = 0;
  const add = (part, text, taken) => {
    if (taken) total += part;
    rows.push({ part, text, taken, total });
  };
  if (kind[node] !== RESULT) {
    if (before.has(node)) add(before.get(node), "held before", true);
  } else if (isSeed[node]) add(seedOf(node), "backprop begins here", now > seeding);
  for (let u = usersStart[node]; u < usersStart[node + 1]; u++) {
    const e = usersEdge[u];
    if (flowsAt[e] < 0 || isBroken(target[e])) continue;
    add(contribution(e), `${pythonFloat(local[e])} · ${pythonFloat(grad[target[e]])} through ` +
      titleOf(target[e]), flowsAt[e] < now);
  }
  return rows;
}
