// ----- Begin -----

function begin() {
  const { theme } = document.documentElement.dataset;
  const system = matchMedia("(prefers-color-scheme: dark)");
  let told = false; // by whoever has this page in a frame; before that it is as the system
  setDark(theme === "dark" || (theme === "auto" && system.matches));
  if (theme === "auto") system.addEventListener("change", ({ matches }) => told || switchTheme(matches));
  if (theme === "auto" && framed) {
    addEventListener("message", ({ data: message, source: from }) => {
      if (from === window.parent && typeof message?.pluggrad?.dark === "boolean") {
        told = true;
        switchTheme(message.pluggrad.dark);
      }
    });
    window.parent.postMessage("pluggrad is ready", "*");
  }
  $("title").textContent = given.title;
  $("title").title = given.title;
  upright = canvas.parentElement.clientWidth < UPRIGHT_BELOW;
  // On a phone it would stand on the picture; the alarm and the panel say what is wrong, too.
  $("note").textContent = [upright ? "" : given.wrong, given.leftOut].filter(Boolean).join("\n");
  $("note").hidden = !$("note").textContent;
  $("fold").hidden = $("unfold").hidden = G < 2;
  slider.max = LAST;
  const share = LAST ? seeding / LAST : 1;
  $("phase1").style.width = `${100 * share}%`;
  $("phase2").style.width = `${100 * (1 - share)}%`;
  $("phase2").hidden = !ran;
  unfoldToRead(64);
  arrange();
  resize();
  openToRead();
  fillPanel(-1);
  showStep();
  if (LAST) showFormula(opening());
  beginFilm();
  goToAddress();
  addEventListener("hashchange", goToAddress);
  new ResizeObserver(followWindow).observe(canvas.parentElement);
  resize(); // the bar below has its lines now, and the picture less room
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
      film: film.on ? { frame: film.at, frames: F, known: film.known, loss: filmLoss[film.at] } : null,
      shown: shownItems.length, camera: { ...camera }, formula: $("formula").textContent,
    };
  },
  showFrame, playFilm, live, isStale, descend, resetLeaves, moveLeaves,
  leaves: () => [...kind.keys()].filter((i) => kind[i] === LEAF),
  value: (node) => data[node],
  values: () => Array.from(data),
  gradients: () => Array.from(grad),
  slopeOf, askWhy, whyShare, whyBundles: () => [...bundleShares().values()], shareThrough,
  stepOver, stepInto, stepOut, goTo, gradient: (node) => gradientNow(node), choose, toggle, setAll, setHeat,
  switchTheme, panBy, zoomAt, showEverything, viewAsSvg, draw,
  screenPlace: (item) => [toScreenX(X[item]), toScreenY(Y[item])],
};
