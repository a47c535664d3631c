// ----- A film: the graph as it was at each frame of training -----
//
// A frame is what the leaves held; the page computes all else. Once, in the background, it goes
// through all frames for what is seen of them together: the loss, gradients by layer, dead units.

const F = given.film ? given.film.steps.length : 0;
const film = { on: false, at: F - 1, known: 0, playing: 0 };
const ROWS = given.film ? given.film.rows.length : 0;
const filmLoss = new Float64Array(F).fill(NaN);
const filmHeat = new Float64Array(ROWS * F); // the largest gradient of each layer, by size
const filmDead = new Uint16Array(ROWS * F); // how many units of each layer are flat for all data
const unitCount = new Uint16Array(ROWS);
const stepOf = (frame) => given.film.steps[frame];
const filmOutput = given.film ? flags.findIndex((bits) => bits & OUTPUT) : -1;

// What single values were over time, for the panel: of all nodes where that is not too much.
const MOST_KEPT = 8e6;
const keptNodes = N * F <= MOST_KEPT ? null : columns.filmLeaf;
const keptCount = keptNodes ? keptNodes.length : N;
const keptData = new Float32Array(F * keptCount).fill(NaN), keptGrad = new Float32Array(F * keptCount).fill(NaN);

function frameNumbers(frame) {
  const { filmLeaf, filmData } = columns, many = filmLeaf.length;
  return [...filmLeaf].map((node, i) => [node, filmData[frame * many + i]]);
}

function showFrame(frame) {
  film.at = Math.max(0, Math.min(F - 1, frame));
  live.moved.clear();
  setLeaves(frameNumbers(film.at));
  fillPanel(chosen.item);
  showReadout();
  noteAddress();
}

// ----- Once through all frames -----

function developFilm() {
  const values = data.slice(), gradients = grad.slice(), slopes = local.slice();
  const range = { low: Infinity, high: 0 };
  for (const row of given.film.unitRow) unitCount[row]++;
  const work = () => {
    const end = performance.now() + 12;
    do developFrame(film.known++, values, gradients, slopes, range); while (film.known < F && performance.now() < end);
    if (film.known < F) setTimeout(work);
    else {
      if (range.high) Object.assign(heatRange, { low: Math.max(range.low, range.high * 1e-6) * 0.5, high: range.high });
      filmParts.canvas.setAttribute("aria-label", stripText());
      showLegend();
      changed();
      fillPanel(chosen.item);
    }
    showReadout();
    drawStrip();
  };
  work();
}

function developFrame(frame, values, gradients, slopes, range) {
  const { filmLeaf, filmRow } = columns;
  for (const [node, x] of frameNumbers(frame)) values[node] = x;
  computeAgain(values, gradients, slopes);
  if (filmOutput >= 0 && !isStuck[filmOutput]) filmLoss[frame] = values[filmOutput];
  filmLeaf.forEach((node, i) => {
    const at = filmRow[i] * F + frame, size = Math.abs(gradients[node]);
    if (hasGrad(node) && !(size <= filmHeat[at])) filmHeat[at] = size; // nan too
  });
  for (const unit of deadUnits(slopes)) filmDead[given.film.unitRow[unit] * F + frame]++;
  for (let i = 0; i < keptCount; i++) {
    const node = keptNodes ? keptNodes[i] : i, size = Math.abs(gradients[node]);
    keptData[frame * keptCount + i] = values[node];
    if (!hasGrad(node)) continue;
    keptGrad[frame * keptCount + i] = gradients[node];
    if (size > 0 && size < Infinity) {
      range.low = Math.min(range.low, size);
      range.high = Math.max(range.high, size);
    }
  }
}

// A unit is dead where its results do not react to anything, whatever the data.
function deadUnits(slopes) {
  const { unitNode, unitOf } = columns, alive = new Uint8Array(given.film.unitRow.length);
  unitNode.forEach((node, i) => { if (slopes[start[node]] !== 0) alive[unitOf[i]] = 1; });
  return [...alive.keys()].filter((unit) => !alive[unit]);
}

function markDead() {
  if (!film.on) return;
  const { unitNode, unitOf } = columns, dead = new Set(deadUnits(local));
  deadNow = dead.size;
  unitNode.forEach((node, i) => { if (dead.has(unitOf[i])) trouble[node] |= DEAD; });
}

// ----- The strip: the loss above, layers below, time from left to right -----

const STRIP = { left: 92, right: 12, loss: 46, gap: 4, edge: 8 };
const rowHeight = Math.max(5, Math.min(13, Math.floor(72 / Math.max(1, ROWS))));
const stripHeight = STRIP.loss + STRIP.gap + ROWS * rowHeight;
const filmParts = {};

function makeStrip() {
  const section = $("film");
  section.hidden = false;
  document.body.dataset.film = "";
  Object.assign(filmParts, { canvas: section.querySelector("canvas"), slider: $("frame"), readout: $("readout") });
  filmParts.canvas.style.height = `${stripHeight}px`;
  filmParts.slider.max = F - 1;
  filmParts.slider.addEventListener("input", () => { playFilm(false); showFrame(Number($("frame").value)); });
  $("filmPlay").addEventListener("click", () => playFilm(!film.playing));
  const scrub = ({ offsetX }) => { playFilm(false); showFrame(frameAtX(offsetX)); };
  filmParts.canvas.addEventListener("pointerdown", (event) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    scrub(event);
  });
  filmParts.canvas.addEventListener("pointermove", (event) => { if (event.buttons) scrub(event); });
  new ResizeObserver(drawStrip).observe(section);
  addKeys();
}

function addKeys() {
  const row = element("tr"), keys = element("td");
  for (const key of [",", ".", "f"]) keys.append(element("kbd", key), " ");
  row.append(keys, element("td", "the film: one frame back, one forward, play or pause"));
  $("keys").querySelector("tr").before(row);
  Object.assign(ACTIONS, {
    ",": () => { playFilm(false); showFrame(film.at - 1); },
    ".": () => { playFilm(false); showFrame(film.at + 1); },
    f: () => playFilm(!film.playing),
  });
}

const stripWidth = () => filmParts.canvas.clientWidth;
const frameX = (frame, width) => STRIP.left + STRIP.edge +
  (F > 1 ? frame / (F - 1) : 0.5) * (width - STRIP.left - STRIP.right - 2 * STRIP.edge);
const frameAtX = (x) => Math.round(((x - STRIP.left - STRIP.edge) /
  Math.max(1, stripWidth() - STRIP.left - STRIP.right - 2 * STRIP.edge)) * (F - 1));

// The strip is drawn when it changes; from frame to frame only the line that says where we are.
function drawStrip() {
  if (!film.on) return;
  const strip = document.createElement("canvas"), ratio = window.devicePixelRatio || 1, width = stripWidth();
  strip.width = Math.max(1, Math.round(width * ratio));
  strip.height = Math.round(stripHeight * ratio);
  const ink = strip.getContext("2d");
  ink.scale(ratio, ratio);
  ink.font = `11px ${FONT}`;
  ink.textBaseline = "middle";
  drawLosses(ink, width);
  for (let row = 0; row < ROWS; row++) drawRow(ink, row, width);
  Object.assign(filmParts.canvas, { width: strip.width, height: strip.height });
  filmParts.strip = strip;
  drawHead();
}

function drawHead() {
  const { canvas: shown, strip } = filmParts;
  if (!strip) return;
  const ink = shown.getContext("2d"), ratio = window.devicePixelRatio || 1;
  ink.clearRect(0, 0, shown.width, shown.height);
  ink.drawImage(strip, 0, 0);
  ink.fillStyle = look.colours.accent;
  ink.fillRect((frameX(film.at, stripWidth()) - 1) * ratio, 0, 2 * ratio, shown.height);
}

// The scale of curves: logarithms where they span more than a power of ten; zeros are at the bottom.
function scaleOf(numbers) {
  const known = numbers.filter(Number.isFinite);
  const low = Math.min(...known), high = Math.max(...known);
  const log = low >= 0 && high > 10 * low && high > 0;
  const least = log ? Math.max(1e-6 * high, Math.min(...known.filter((x) => x > 0))) : low;
  const f = log ? (x) => Math.log(Math.max(x, least)) : (x) => x;
  return { low, high, log, share: (x) => (high > low ? (f(x) - f(low)) / (f(high) - f(low)) : 0.5) };
}

function drawLosses(ink, width) {
  const curves = [[given.film.losses, look.colours.muted, 1], [filmLoss, look.colours.accent, 1.8]].filter(([c]) => c);
  const scale = scaleOf(curves.flatMap(([curve]) => [...curve].map((x) => x ?? NaN)));
  if (!Number.isFinite(scale.high)) return writeLeft(ink, "loss unknown", STRIP.loss / 2);
  const y = (x) => 5 + (1 - scale.share(x)) * (STRIP.loss - 10);
  for (const [curve, colour, thick] of curves) {
    ink.strokeStyle = colour;
    ink.lineWidth = thick;
    ink.beginPath();
    let drawn = false;
    curve.forEach((x, frame) => {
      if (!Number.isFinite(x ?? NaN)) { drawn = false; return; }
      ink[drawn ? "lineTo" : "moveTo"](frameX(frame, width), y(x));
      drawn = true;
    });
    ink.stroke();
  }
  writeLeft(ink, pythonFloat(scale.high, 3), 8);
  writeLeft(ink, filmName() + (scale.log ? " (log)" : ""), STRIP.loss / 2 + 1);
  return scale.high > scale.low ? writeLeft(ink, pythonFloat(scale.low, 3), STRIP.loss - 6) : undefined;
}

const filmName = () => (filmOutput >= 0 && labelOf(filmOutput)) || "loss";

function writeLeft(ink, text, y) {
  ink.fillStyle = look.colours.muted;
  ink.textAlign = "right";
  ink.fillText(cut(text, 16), STRIP.left - 6, y, STRIP.left - 8);
}

function drawRow(ink, row, width) {
  const top = STRIP.loss + STRIP.gap + row * rowHeight, high = rowHeight - 1;
  if (rowHeight > 8) writeLeft(ink, given.film.rows[row], top + high / 2 + 0.5);
  const wide = width - STRIP.left - STRIP.right - 2 * STRIP.edge; // of the one frame, where there is one
  for (let frame = 0; frame < film.known; frame++) {
    const size = filmHeat[row * F + frame];
    const left = Math.round(frameX(frame - 0.5, width)), across = Math.round(frameX(frame + 0.5, width)) - left || wide;
    ink.fillStyle = Number.isFinite(size) ? cssRgb(heatRgb(size)) : look.colours.alarm;
    ink.fillRect(left, top, across, high);
    const dead = filmDead[row * F + frame] / Math.max(1, unitCount[row]);
    if (!dead) continue;
    ink.fillStyle = look.colours.alarm;
    const tall = Math.max(2, dead * high);
    ink.fillRect(left, top + high - tall, across, tall);
  }
}

function showReadout() {
  const { readout, slider: frames } = filmParts, frame = film.at;
  const known = filmLoss[frame], told = given.film.losses?.[frame] ?? NaN;
  const lines = [`step ${counted(stepOf(frame))}`];
  if (Number.isFinite(known)) lines.push(`${filmName()} ${pythonFloat(known)}`);
  if (Number.isFinite(told)) lines.push(`as given ${pythonFloat(told)}`);
  for (let row = 0; row < ROWS && film.known > frame; row++) {
    const dead = filmDead[row * F + frame];
    if (dead) lines.push(`${given.film.rows[row]}: ${dead} of ${unitCount[row]} dead`);
  }
  readout.replaceChildren(...lines.map((line, i) => element(i ? "span" : "b", line)));
  frames.value = frame;
  frames.setAttribute("aria-valuetext", lines.join(", "));
  drawHead();
}

function stripText() {
  const ends = [0, F - 1].map((frame) => `${pythonFloat(filmLoss[frame])} at step ${counted(stepOf(frame))}`);
  const dead = given.film.rows.map((name, row) => [name, filmDead[row * F + F - 1], unitCount[row]])
    .filter(([, count]) => count).map(([name, count, all]) => `${name}: ${count} of ${all} dead`);
  return [`${filmName()} from ${ends.join(" to ")}`, ...dead].join(". ");
}

// ----- Playing -----

const FILM_TIME = 12000; // milliseconds of the whole film, where frames are many

function playFilm(on) {
  clearTimeout(film.playing);
  film.playing = 0;
  $("filmPlay").setAttribute("aria-label", on ? "Pause the film" : "Play the film");
  $("filmPlay").querySelector("path").setAttribute("d", on ? "M4 3h3v10H4zM9 3h3v10H9z" : "M4 2.5v11l9-5.5z");
  if (!on || F < 2) return;
  if (film.at === F - 1) showFrame(0);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const pause = calm ? SECOND : Math.max(50, Math.min(300, FILM_TIME / F));
  const leap = Math.max(1, Math.round((F * pause) / FILM_TIME));
  const tick = () => {
    showFrame(film.at + leap);
    if (film.at < F - 1) film.playing = setTimeout(tick, pause);
    else playFilm(false);
  };
  film.playing = setTimeout(tick, pause);
}

// ----- The chosen value over time -----

function aboutTime(node) {
  if (!film.on || film.known < F || F < 2 || kind[node] === CONSTANT) return [];
  const slot = keptNodes ? keptNodes.indexOf(node) : node;
  if (slot < 0) return [];
  const series = (kept) => Array.from({ length: F }, (_, frame) => kept[frame * keptCount + slot]);
  const parts = [element("h3", "Over training"), spark("data", series(keptData))];
  if (hasGrad(node)) parts.push(spark("grad", series(keptGrad)));
  return parts;
}

function spark(name, numbers) {
  const known = numbers.filter(Number.isFinite), low = Math.min(...known), high = Math.max(...known);
  const figure = element("figure"), drawn = element("canvas");
  const text = known.length ? `${name} from ${pythonFloat(low)} to ${pythonFloat(high)}` : `${name} is never a number`;
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", text);
  const ratio = window.devicePixelRatio || 1, width = 270, height = 36, ink = drawn.getContext("2d");
  Object.assign(drawn, { width: width * ratio, height: height * ratio });
  ink.scale(ratio, ratio);
  const x = (frame) => 3 + (frame / (F - 1)) * (width - 6);
  const y = (number) => height - 4 - (high > low ? (number - low) / (high - low) : 0.5) * (height - 8);
  ink.strokeStyle = look.colours.accent;
  ink.lineWidth = 1.5;
  ink.beginPath();
  numbers.forEach((number, frame) => { if (Number.isFinite(number)) ink.lineTo(x(frame), y(number)); });
  ink.stroke();
  ink.fillStyle = look.colours.ink;
  if (Number.isFinite(numbers[film.at])) ink.fillRect(x(film.at) - 2, y(numbers[film.at]) - 2, 4, 4);
  figure.append(drawn, element("figcaption", text));
  return figure;
}

function beginFilm() {
  if (!F) return;
  if (!live.on) {
    $("note").textContent = [$("note").textContent, `The film stands still: ${live.why}.`].filter(Boolean).join("\n");
    $("note").hidden = false;
    return;
  }
  film.on = true;
  makeStrip();
  resize();
  setLeaves(frameNumbers(film.at));
  fillPanel(-1);
  showReadout();
  developFilm();
}
