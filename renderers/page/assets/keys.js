// ----- Keys and buttons -----

function setHeat(on) {
  look.heat = on;
  if (on) findGroupGrads();
  $("heat").setAttribute("aria-pressed", on);
  showLegend();
  changed();
  noteAddress();
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
  drawStrip();
  changed();
}

function toOutput() {
  for (let i = N - 1; i >= 0; i--) if (isOutput(i)) return choose(i, { show: true });
  return undefined;
}

const ACTIONS = {
  ArrowLeft: () => stepOver(-1), ArrowRight: () => stepOver(1), i: stepInto, u: stepOut,
  ArrowUp: () => chooseTowards(0, -1), ArrowDown: () => chooseTowards(0, 1),
  r: runUntil, x: runUntilNan, w: () => askWhy(), p: savePixels,
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
  if (event.ctrlKey || event.metaKey || $("keys").open) return;
  if (event.altKey || event.shiftKey && /^Arrow/.test(event.key)) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way && !(event.target instanceof HTMLInputElement)) {
      event.preventDefault();
      chooseTowards(...way);
    }
    return;
  }
  const { target: at } = event;
  if (at instanceof HTMLInputElement && (at !== slider || !["b", "h", "d", "n", "o"].includes(event.key))) {
    return;
  }
  if (event.key === " " && at instanceof HTMLButtonElement) return;
  const action = ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  hover(-1); // what is under the pointer may move away
  action();
});
const CLICKS = {
  first: "Home", back: "ArrowLeft", play: " ", forward: "ArrowRight", last: "End", heat: "h",
  fold: "c", unfold: "e", fit: "0", export: "s", pixels: "p", theme: "d", help: "?", alarm: "n",
};
for (const [id, key] of Object.entries(CLICKS)) $(id).addEventListener("click", ACTIONS[key]);
slider.addEventListener("input", () => byHand(Number(slider.value)));

