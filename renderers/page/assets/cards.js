// ----- Close up: cards with their numbers -----

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function fillOf(node) {
  if (look.heat && isComputed(node)) {
    const g = gradientNow(node);
    return cssRgb(g === null ? look.colours.zero : heatRgb(g));
  }
  return looksOf(node)[0];
}

function outline(item, radius, border, thick) {
  const left = X[item] - W[item] / 2, top = Y[item] - H[item] / 2;
  const marked = item === chosen.item || item === chosen.subject;
  pen.strokeStyle = marked || item === chosen.over ? look.colours.accent : border;
  pen.lineWidth = marked ? 2.6 : thick;
  if (camera.k < SQUARE_BELOW) { // round corners are not seen, and cost most
    pen.fillRect(left, top, W[item], H[item]);
    pen.strokeRect(left, top, W[item], H[item]);
    return;
  }
  pen.beginPath();
  pen.roundRect(left, top, W[item], H[item], radius);
  pen.fill();
  pen.stroke();
}

function drawCard(node) {
  const { colours } = look;
  const computed = isComputed(node), clear = computed && !isStale(node) ? 1 : 0.4;
  pen.globalAlpha = clear;
  pen.fillStyle = fillOf(node);
  outline(node, H[node] < 40 ? 12 : 8, looksOf(node)[1], isOutput(node) ? 2 : 1.2);
  if ((trouble[node] || notes.has(node)) && computed) drawFlag(node);
  if (camera.k >= TEXT_FROM) (H[node] < 40 ? writeSmall : writeCard)(node, computed, clear);
  else if (!motion.moving || motion.detail > 0.5) {
    pen.fillStyle = colours.ink;
    pen.font = `600 20px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const text = labelOf(node) || (kind[node] === RESULT ? opOf(node).symbol : pythonFloat(data[node], 2));
    pen.fillText(cut(text, 9), X[node], Y[node] + 1, W[node] - 10);
  }
  pen.globalAlpha = 1;
}

function writeSmall(node) {
  const label = labelOf(node);
  pen.fillStyle = look.colours.muted;
  pen.font = `11px ${MONO}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const number = pythonFloat(data[node]);
  pen.fillText(label ? `${cut(label, 8)} ${number}` : number, X[node], Y[node] + 1, W[node] - 12);
}

function writeCard(node, computed, clear) {
  const { colours } = look;
  const left = X[node] - W[node] / 2, top = Y[node] - H[node] / 2, label = labelOf(node);
  let x = left + 10;
  pen.textBaseline = "middle";
  if (kind[node] === RESULT) {
    const { symbol } = opOf(node);
    pen.beginPath();
    pen.roundRect(left + 5, top + 5, 34, H[node] - 10, 5);
    pen.globalAlpha *= look.heat ? 0.55 : 1;
    pen.fillStyle = colours.badge;
    pen.fill();
    pen.globalAlpha = clear;
    pen.fillStyle = colours.ink;
    pen.font = symbol.length > 2 ? `600 11px ${FONT}` : `600 17px ${FONT}`;
    pen.textAlign = "center";
    pen.fillText(cut(symbol, 7), left + 22, Y[node] + 1, 31);
    x = left + 46;
  }
  const right = left + W[node] - 9;
  const number = isSummaryNode(node) && Number.isNaN(data[node]) ? "—" : pythonFloat(data[node]);
  const lines = [["data", computed ? number : "?"]];
  if (flags[node] & REQUIRES_GRAD) {
    const g = gradientNow(node);
    lines.push(["grad", g === null ? "—" : pythonFloat(g)]);
  }
  const first = 1, height = 15; // an id, where there is no label
  let y = Y[node] - ((lines.length + first - 1) * height) / 2 + 0.5;
  pen.textAlign = "left";
  pen.fillStyle = label ? colours.ink : look.heat ? colours.ink : colours.muted;
  pen.font = label ? `600 12.5px ${FONT}` : `10px ${MONO}`;
  pen.fillText(cut(label || idOf(node), kind[node] === RESULT ? 13 : 18), x, y, right - x);
  y += height;
  for (const [name, text] of lines) {
    pen.font = `10.5px ${FONT}`;
    pen.textAlign = "left";
    pen.fillStyle = look.heat ? colours.ink : colours.muted;
    pen.fillText(name, x, y);
    pen.font = `11.5px ${MONO}`;
    pen.textAlign = "right";
    pen.fillStyle = colours.ink;
    pen.fillText(text, right, y, right - x - 28);
    y += height;
  }
}

const FLAG_SIGNS = [[NAN, "NaN"], [INF, "∞"], [DEAD, "dead"], [EXPLODING, "↑"], [VANISHING, "↓"]];

// Where trouble began, and what is noted, is said in words; what followed from it has a small sign.
function drawFlag(node) {
  const [note] = notes.get(node) ?? [];
  const [, sign] = note ? ["", note.brief] : FLAG_SIGNS.find(([bit]) => trouble[node] & bit);
  flagAt(node, sign, !note);
}

function flagAt(item, sign, faint) {
  const wide = 12 + 6 * sign.length, x = X[item] + W[item] / 2 - wide / 2 - 2;
  const y = Y[item] - H[item] / 2 - 4;
  pen.beginPath();
  pen.roundRect(x - wide / 2, y - 8, wide, 16, 8);
  pen.fillStyle = faint ? look.colours.paper : look.colours.alarm;
  pen.fill();
  pen.strokeStyle = look.colours.alarm;
  pen.lineWidth = 1;
  pen.stroke();
  pen.fillStyle = faint ? look.colours.alarm : look.colours.paper;
  pen.font = `700 10px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(sign, x, y + 0.5);
}

// What is wrong inside of each group, and how its badge says it.
const groupFlags = new Map();
function markGroups() {
  groupFlags.clear();
  for (const node of troubled) {
    for (let g = columns.group[node]; g > 0; g = given.groups.parents[g]) {
      if (groupFlags.has(g)) continue; // the worst comes first
      const [note] = notes.get(node) ?? [];
      const sign = note ? note.brief : FLAG_SIGNS.find(([bit]) => trouble[node] & bit)[1];
      groupFlags.set(g, note ? `${sign} in it` : sign);
    }
  }
}
markGroups();

// What the outputs in each group are called.
const outputNames = new Map();
for (let node = 0; node < N; node++) {
  if (!isOutput(node) || !labelOf(node)) continue;
  for (let g = columns.group[node]; g > 0; g = given.groups.parents[g]) {
    outputNames.set(g, [outputNames.get(g), labelOf(node)].filter(Boolean).join(", "));
  }
}

function drawFolded(item) {
  const { colours } = look, g = item - GROUP;
  const radius = 12;
  // A second edge behind the card says: there is more in here.
  pen.fillStyle = colours.group[0];
  pen.strokeStyle = colours.group[1];
  pen.lineWidth = 1;
  pen.beginPath();
  pen.roundRect(X[item] - W[item] / 2 + 5, Y[item] - H[item] / 2 - 5, W[item], H[item], radius);
  pen.fill();
  pen.stroke();
  if (look.heat && now === LAST) pen.fillStyle = cssRgb(heatRgb(groupGrad[g]));
  outline(item, radius, hasOutput[g] ? colours.output[1] : colours.group[1], hasOutput[g] ? 2 : 1.2);
  if (groupFlags.has(g)) flagAt(item, groupFlags.get(g), !/ in it$/.test(groupFlags.get(g)));
  if (camera.k < 0.2) return;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = colours.ink;
  if (camera.k < 0.55) {
    pen.font = `600 24px ${FONT}`;
    pen.fillText(cut(given.groups.names[g], 14), X[item], Y[item] + 1, W[item] - 16);
    return;
  }
  pen.font = `600 14px ${FONT}`;
  pen.fillText(cut(given.groups.names[g], 20), X[item], Y[item] - 9, W[item] - 20);
  pen.fillStyle = colours.muted;
  pen.font = `11.5px ${FONT}`;
  const named = outputNames.get(g);
  pen.fillText(`${named ? `→ ${cut(named, 12)} · ` : ""}${plural(inside[g], "node")}  ⊕`, X[item], Y[item] + 12, W[item] - 20);
}
