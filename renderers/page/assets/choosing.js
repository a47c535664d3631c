// ----- Choosing a value or a group, folding and unfolding -----

function changed() {
  mapPicture = null;
  redraw();
}

function choose(item, { show = false, follow: close = false } = {}) {
  if (close) showItem(item, false);
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
  if (item !== why.node && item < GROUP) why.node = -1; // a group says what goes through it
  fillPanel(item);
  noteAddress();
  redraw();
}

function toggle(g) {
  const item = GROUP + g, x = toScreenX(X[item]), y = toScreenY(Y[item]);
  unfolded[g] = unfolded[g] ? 0 : 1;
  arrange();
  limitZoom();
  camera.fitted = false;
  // What was clicked stays under the pointer.
  camera.x = X[item] - (x - screenSize.width / 2) / camera.k;
  camera.y = Y[item] - (y - screenSize.height / 2) / camera.k;
  chosen.item = item;
  fillPanel(item);
  noteAddress();
  changed();
}

function setAll(open) {
  unfolded.fill(open ? 1 : 0);
  arrange();
  showEverything();
  noteAddress();
  changed();
}

