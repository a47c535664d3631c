// ----- Going through the steps, by hand or by itself -----

const slider = $("slider");
const SECOND = 900, MINUTE = 60000; // in milliseconds, about
let playing = 0; // the timer of the next step; 0 at rest

function goTo(step) {
  now = Math.max(0, Math.min(LAST, step));
  const last = lastStep();
  const subject = subjectOf(last);
  chosen.edge = last.edge ?? -1;
  chosen.subject = subject < 0 ? -1 : shownAs[subject];
  if (chosen.subject >= 0) follow(chosen.subject);
  showStep();
  fillPanel(chosen.item >= 0 ? chosen.item : subject >= 0 && now < LAST ? subject : -1, last.edge);
  changed();
  noteAddress();
}

// The camera goes with the steps, close enough to read.
function follow(item) {
  if (camera.k < READABLE && shownItems.length > 1) camera.k = READABLE;
  showItem(item, false);
}

function showStep() {
  showFormula(formulaNow());
  slider.value = now;
  $("count").textContent = `${counted(now)} / ${counted(LAST)}`;
  $("play").disabled = slider.disabled = LAST === 0;
  $("first").disabled = $("back").disabled = now === 0;
  $("last").disabled = $("forward").disabled = now === LAST;
}

function showFormula(parts) {
  $("formula").replaceChildren(...parts.map(([text, tag]) =>
    (tag ? element(tag, text) : document.createTextNode(text))));
}

function play(on) {
  clearTimeout(playing);
  playing = 0;
  $("playing").setAttribute("d", on ? "M4 3h3v10H4zM9 3h3v10H9z" : "M4 2.5v11l9-5.5z");
  $("play").setAttribute("aria-label", on ? "Pause" : "Play");
  if (!on || LAST === 0) return;
  if (now === LAST) goTo(0);
  // About a second a step; a long computation takes a minute, several steps at once. Whoever wants
  // less motion gets larger leaps, and no more of them than one a second.
  const shortest = matchMedia("(prefers-reduced-motion: reduce)").matches ? SECOND : 50;
  const pause = Math.min(SECOND, Math.max(shortest, MINUTE / LAST));
  const leap = Math.max(1, Math.round((LAST * pause) / MINUTE));
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

