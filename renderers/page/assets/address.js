// ----- The address: step, value, open groups and heat, so that one can link to a moment -----

function addressNow() {
  const open = [];
  for (let g = 1; g < G; g++) if (unfolded[g]) open.push(g);
  const parts = [`step=${now}`];
  if (chosen.item >= 0) parts.push(`at=${chosen.item < N ? idOf(chosen.item) : `g${chosen.item - GROUP}`}`);
  if (G > 1 && open.length < 200) parts.push(`open=${open.join(".")}`);
  if (look.heat) parts.push("heat=1");
  if (film.on && film.at < F - 1) parts.push(`frame=${film.at}`);
  return `#${parts.join("&")}`;
}

let addressTimer = 0;
function noteAddress() {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => {
    try {
      history.replaceState(null, "", addressNow());
    } catch { /* a frame of its own origin has no address */ }
  }, 250);
}

function goToAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (wanted.has("open")) {
    unfolded.fill(0);
    for (const g of wanted.get("open").split(".").map(Number)) if (g > 0 && g < G) unfolded[g] = 1;
    arrange();
    openToRead();
  }
  if (wanted.get("heat") === "1") setHeat(true);
  const frame = Number(wanted.get("frame"));
  if (film.on && wanted.has("frame") && Number.isInteger(frame)) showFrame(frame);
  const step = Number(wanted.get("step"));
  if (wanted.has("step") && Number.isInteger(step)) goTo(step);
  const at = wanted.get("at") ?? "";
  const group = /^g(\d+)$/.exec(at);
  if (group && Number(group[1]) < G && Number(group[1]) > 0) choose(GROUP + Number(group[1]), { show: true });
  for (let i = 0; i < N && at && !group; i++) if (idOf(i) === at) { choose(i, { show: true }); break; }
}
