// ----- The mouse, or fingers -----

const tip = $("tip");
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
  hover(-1);
  if (item > GROUP) toggle(item - GROUP);
  else zoomAt(event.offsetX, event.offsetY, 1.8);
});
// In a frame, such as a notebook's, the wheel scrolls what is around; with Ctrl or ⌘ it zooms.
const framed = window.parent !== window;
document.documentElement.toggleAttribute("data-framed", framed);
canvas.addEventListener("wheel", (event) => {
  if (framed && !event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  hover(-1);
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
    `${given.groups.names[item - GROUP]}\n${plural(inside[item - GROUP], "node")}\ndouble ${touched ? "tap" : "click"} ` +
    (unfolded[item - GROUP] ? "folds it" : "unfolds it");
  const { width, height } = screenSize;
  const left = event.offsetX + 16 + tip.offsetWidth > width ? event.offsetX - tip.offsetWidth - 12 :
    event.offsetX + 16;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(height - tip.offsetHeight - 4, event.offsetY + 14))}px`;
}

function tipOf(node) {
  const told = [cut(titleOf(node), 200)];
  told.push(`data ${isComputed(node) ? textOf(node) : "not yet computed"}`);
  const g = gradientNow(node);
  if (g !== null) told.push(`grad ${exact(g)}`);
  else if (flags[node] & REQUIRES_GRAD) told.push(`grad ${ran ? "not yet reached" : "—"}`);
  if (lines.has(node)) told.push(lines.get(node));
  for (const { text } of notes.get(node) ?? []) told.push(`⚠ ${text}`);
  for (const [bit, name] of TROUBLES) if (trouble[node] & bit) told.push(`⚠ ${name}`);
  return told.join("\n");
}

