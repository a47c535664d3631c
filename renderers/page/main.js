// ----- Bringing it together: what a person does, and what follows -----

const $ = (id) => document.getElementById(id);
const tip = $("tip"), slider = $("slider");
let playing = 0;

draw = () => {
  drawGraph();
  drawMap();
};

function changed() {
  mapPicture = null;
  redraw();
}

function choose(item, { show = false } = {}) {
  if (item >= 0 && show) {
    const node = item < N ? item : -1;
    if (node >= 0 && shownAs[node] !== node) unfoldAround(node);
    if (item >= GROUP && !groupShown[item - GROUP]) {
      for (let g = given.groups.parents[item - GROUP]; g > 0; g = given.groups.parents[g]) unfolded[g] = 1;
      arrange();
    }
    showItem(item, true);
    changed();
  }
  chosen.item = item;
  fillPanel(item);
  redraw();
}

function toggle(g) {
  const item = GROUP + g, x = toScreenX(X[item]), y = toScreenY(Y[item]);
  unfolded[g] = unfolded[g] ? 0 : 1;
  arrange();
  limitZoom();
  // What was clicked stays under the pointer.
  camera.x = X[item] - (x - screenSize.width / 2) / camera.k;
  camera.y = Y[item] - (y - screenSize.height / 2) / camera.k;
  chosen.item = item;
  fillPanel(item);
  changed();
}

function setAll(open) {
  unfolded.fill(open ? 1 : 0);
  arrange();
  showEverything();
  changed();
}

// ----- Steps -----

function goTo(step, { follow = true } = {}) {
  now = Math.max(0, Math.min(LAST, step));
  const last = lastStep();
  const subject = subjectOf(last);
  chosen.edge = last.edge ?? -1;
  chosen.subject = subject < 0 ? -1 : shownAs[subject];
  if (follow && chosen.subject >= 0) showItem(chosen.subject, false);
  showStep();
  if (chosen.item >= 0) fillPanel(chosen.item);
  changed();
}

function showStep() {
  $("formula").replaceChildren(...formulaNow().map(([text, tag]) =>
    (tag ? element(tag, text) : document.createTextNode(text))));
  slider.value = now;
  $("count").textContent = `${counted(now)} / ${counted(LAST)}`;
  $("first").disabled = $("back").disabled = now === 0;
  $("last").disabled = $("forward").disabled = now === LAST;
}

function play(on) {
  clearTimeout(playing);
  playing = 0;
  $("playing").setAttribute("d", on ? "M4 3h3v10H4zM9 3h3v10H9z" : "M4 2.5v11l9-5.5z");
  $("play").setAttribute("aria-label", on ? "Pause" : "Play");
  if (!on) return;
  if (now === LAST) goTo(0);
  // About a second a step; a long computation takes a minute, several steps at once.
  const pause = Math.min(900, Math.max(50, 60000 / Math.max(1, LAST)));
  const leap = Math.max(1, Math.round((LAST * pause) / 60000));
  const tick = () => {
    goTo(now + leap);
    if (now < LAST) playing = setTimeout(tick, pause);
    else play(false);
  };
  playing = setTimeout(tick, Math.min(300, pause));
}

function byHand(step) {
  play(false);
  goTo(step);
}

// ----- Trouble -----

const troubled = [];
for (let i = 0; i < N; i++) if (trouble[i]) troubled.push(i);
let troubleAt = -1;

function nextTrouble() {
  if (!troubled.length) return;
  troubleAt = (troubleAt + 1) % troubled.length;
  choose(troubled[troubleAt], { show: true });
}

function troubleText() {
  return TROUBLES.map(([bit, name]) => [troubled.filter((i) => trouble[i] & bit).length, name])
    .filter(([count]) => count)
    .map(([count, name]) => `${counted(count)} ${name.split(" ")[0]}`).join(" · ");
}

// ----- Pointer -----

let drag = null;
const pointers = new Map();

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event);
  drag = { x: event.clientX, y: event.clientY, moved: false };
});
canvas.addEventListener("pointermove", (event) => {
  if (pointers.size === 2) return pinch(event);
  if (drag) {
    const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
    if (!drag.moved && Math.hypot(dx, dy) < 4) return undefined;
    Object.assign(drag, { x: event.clientX, y: event.clientY, moved: true });
    canvas.classList.add("dragging");
    hover(-1);
    return panBy(dx, dy);
  }
  return hover(itemAt(event.offsetX, event.offsetY), event);
});
canvas.addEventListener("pointerup", (event) => {
  pointers.delete(event.pointerId);
  canvas.classList.remove("dragging");
  if (drag && !drag.moved) choose(itemAt(event.offsetX, event.offsetY));
  drag = null;
});
canvas.addEventListener("pointercancel", (event) => {
  pointers.delete(event.pointerId);
  drag = null;
});
canvas.addEventListener("pointerleave", () => hover(-1));
canvas.addEventListener("dblclick", (event) => {
  const item = itemAt(event.offsetX, event.offsetY);
  if (item > GROUP) toggle(item - GROUP);
  else zoomAt(event.offsetX, event.offsetY, 1.8);
});
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 16 : 1;
  if (event.shiftKey) panBy(-event.deltaY * lines, 0);
  else zoomAt(event.offsetX, event.offsetY, Math.exp(-event.deltaY * lines * 0.0016));
}, { passive: false });

function pinch(event) {
  const [a, b] = [...pointers.values()];
  const before = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  pointers.set(event.pointerId, event);
  const [c, d] = [...pointers.values()];
  const box = canvas.getBoundingClientRect();
  zoomAt((c.clientX + d.clientX) / 2 - box.left, (c.clientY + d.clientY) / 2 - box.top,
    Math.hypot(c.clientX - d.clientX, c.clientY - d.clientY) / Math.max(1, before));
  drag = null;
}

function hover(item, event) {
  canvas.classList.toggle("over", item >= 0);
  if (item !== chosen.over) {
    chosen.over = item;
    redraw();
  }
  tip.hidden = item < 0;
  if (item < 0) return;
  tip.textContent = item < N ? tipOf(item) :
    `${given.groups.names[item - GROUP]}\n${plural(inside[item - GROUP], "node")}\ndouble click ` +
    (unfolded[item - GROUP] ? "folds it" : "unfolds it");
  const { width, height } = screenSize;
  const left = event.offsetX + 16 + tip.offsetWidth > width ? event.offsetX - tip.offsetWidth - 12 :
    event.offsetX + 16;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(height - tip.offsetHeight - 4, event.offsetY + 14))}px`;
}

function tipOf(node) {
  const lines = [cut(titleOf(node), 200)];
  lines.push(`data ${isComputed(node) ? exact(data[node]) : "not yet computed"}`);
  const g = gradientNow(node);
  if (g !== null) lines.push(`grad ${exact(g)}`);
  else if (flags[node] & REQUIRES_GRAD) lines.push(`grad ${ran ? "not yet reached" : "—"}`);
  for (const [bit, name] of TROUBLES) if (trouble[node] & bit) lines.push(`⚠ ${name}`);
  return lines.join("\n");
}

// ----- Keys and buttons -----

function setHeat(on) {
  look.heat = on;
  $("heat").setAttribute("aria-pressed", on);
  showLegend();
  changed();
}

function showLegend() {
  $("legend").hidden = !look.heat;
  const { minus, zero, plus } = look.colours;
  $("legend").querySelector("i").style.background =
    `linear-gradient(90deg, ${[minus, zero, plus].map(cssRgb).join(", ")})`;
  $("low").textContent = pythonFloat(-heatRange.high, 2);
  $("high").textContent = `+${pythonFloat(heatRange.high, 2)}`;
}

function switchTheme(dark) {
  setDark(dark);
  showLegend();
  changed();
}

function toOutput() {
  for (let i = N - 1; i >= 0; i--) if (isOutput(i)) return choose(i, { show: true });
  return undefined;
}

const ACTIONS = {
  ArrowLeft: () => byHand(now - 1), ArrowRight: () => byHand(now + 1),
  Home: () => byHand(0), End: () => byHand(LAST), " ": () => play(!playing),
  b: () => byHand(ran ? seeding + 1 : LAST), "/": () => searchBox.focus(), n: nextTrouble,
  "+": () => zoomAt(screenSize.width / 2, screenSize.height / 2, 1.3),
  "=": () => zoomAt(screenSize.width / 2, screenSize.height / 2, 1.3),
  "-": () => zoomAt(screenSize.width / 2, screenSize.height / 2, 1 / 1.3),
  0: showEverything, o: toOutput, c: () => setAll(false), e: () => setAll(true),
  h: () => setHeat(!look.heat), d: () => switchTheme(!look.dark), s: saveView,
  "?": () => $("keys").showModal(), Escape: () => choose(-1),
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
  const { target: at } = event;
  if (at instanceof HTMLInputElement && (at !== slider || !["b", "h", "d", "n", "o"].includes(event.key))) {
    return;
  }
  if (event.key === " " && at instanceof HTMLButtonElement) return;
  const action = ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
const CLICKS = {
  first: "Home", back: "ArrowLeft", play: " ", forward: "ArrowRight", last: "End", heat: "h",
  fold: "c", unfold: "e", fit: "0", export: "s", theme: "d", help: "?", alarm: "n",
};
for (const [id, key] of Object.entries(CLICKS)) $(id).addEventListener("click", ACTIONS[key]);
slider.addEventListener("input", () => byHand(Number(slider.value)));

// ----- Begin -----

function begin() {
  const { theme } = document.documentElement.dataset;
  const system = matchMedia("(prefers-color-scheme: dark)");
  setDark(theme === "dark" || (theme === "auto" && system.matches));
  if (theme === "auto") system.addEventListener("change", (event) => switchTheme(event.matches));
  $("title").textContent = given.title;
  $("title").title = given.title;
  if (given.leftOut) {
    $("note").textContent = given.leftOut;
    $("note").hidden = false;
  }
  if (troubled.length) {
    $("alarm").textContent = troubleText();
    $("alarm").hidden = false;
  }
  $("fold").hidden = $("unfold").hidden = G < 2;
  slider.max = LAST;
  const share = LAST ? seeding / LAST : 1;
  $("phase1").style.width = `${100 * share}%`;
  $("phase2").style.width = `${100 * (1 - share)}%`;
  $("phase2").hidden = !ran;
  unfoldToRead(64);
  arrange();
  resize();
  showEverything();
  fillPanel(-1);
  showStep();
  new ResizeObserver(resize).observe(canvas.parentElement);
  draw();
}

begin();

// For whoever embeds the page, and for its tests.
window.pluggrad = {
  ready: performance.now(),
  nodes: N,
  groups: G,
  get state() {
    return {
      step: now, steps: LAST, dark: look.dark, heat: look.heat, chosen: chosen.item,
      shown: shownItems.length, camera: { ...camera }, formula: $("formula").textContent,
    };
  },
  goTo, choose, toggle, setAll, setHeat, switchTheme, panBy, zoomAt, showEverything, viewAsSvg, draw,
  screenPlace: (item) => [toScreenX(X[item]), toScreenY(Y[item])],
};
