// ----- What is seen: frames of groups, edges, then cards; or dots, from afar -----

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const MONO = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace';
const DOTS_BELOW = 0.18, SQUARE_BELOW = 0.35, TEXT_FROM = 0.42; // pixels per unit
const chosen = { item: -1, over: -1, edge: -1, subject: -1 };

function draw() {
  cancelAnimationFrame(pendingDraw);
  pendingDraw = 0;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = look.colours.back;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  drawView();
  drawMap();
}

// Draw what the camera sees, with whatever pen there is.
function drawView() {
  const { ratio, width, height } = screenSize;
  const view = {
    left: toPlaneX(0), top: toPlaneY(0), right: toPlaneX(width), bottom: toPlaneY(height),
  };
  const k = camera.k * ratio;
  const toPlane = () =>
    pen.setTransform(k, 0, 0, k, canvas.width / 2 - camera.x * k, canvas.height / 2 - camera.y * k);
  toPlane();
  drawFrames(view);
  const far = camera.k < DOTS_BELOW;
  drawEdges(view, far);
  if (far) {
    if (pen === screenPen) {
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.drawImage(drawDots(canvas.width, canvas.height, { x: camera.x, y: camera.y, k }), 0, 0);
      toPlane();
    } else drawSquares(view);
    for (const item of [chosen.over, chosen.subject, chosen.item]) if (item >= 0) drawMark(item);
    return;
  }
  for (let i = 0; i < shownItems.length; i++) {
    const item = shownItems[i];
    if (isInView(item, view)) (item < N ? drawCard : drawFolded)(item);
  }
}

const isInView = (item, view) =>
  X[item] + W[item] / 2 >= view.left && X[item] - W[item] / 2 <= view.right &&
  Y[item] + H[item] / 2 >= view.top && Y[item] - H[item] / 2 <= view.bottom;

function drawFrames(view) {
  const { colours } = look;
  for (let g = 1; g < G; g++) {
    const item = GROUP + g;
    if (!groupShown[g] || !unfolded[g] || W[item] * camera.k < 6 || !isInView(item, view)) continue;
    if (W[item] * camera.k < 40) {
      pen.fillStyle = colours.frame[0];
      pen.fillRect(X[item] - W[item] / 2, Y[item] - H[item] / 2, W[item], H[item]);
      continue;
    }
    pen.beginPath();
    pen.roundRect(X[item] - W[item] / 2, Y[item] - H[item] / 2, W[item], H[item], 12);
    pen.globalAlpha = 0.5;
    pen.fillStyle = colours.frame[0];
    pen.fill();
    pen.globalAlpha = 1;
    pen.strokeStyle = chosen.item === item ? colours.accent : colours.frame[1];
    pen.lineWidth = Math.max(1, 0.7 / camera.k);
    pen.stroke();
    const size = Math.min(21, Math.max(12, 10 / camera.k));
    if (camera.k * size < 5) continue;
    pen.fillStyle = colours.muted;
    pen.font = `600 ${size}px ${FONT}`;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.fillText(cut(given.groups.names[g], 40), X[item] - W[item] / 2 + 12,
      Y[item] - H[item] / 2 + TITLE / 2 + 4, W[item] - 24);
  }
}

function drawMark(item) {
  const grow = 3 / camera.k;
  pen.strokeStyle = look.colours.accent;
  pen.lineWidth = 2 / camera.k;
  pen.strokeRect(X[item] - W[item] / 2 - grow, Y[item] - H[item] / 2 - grow,
    W[item] + 2 * grow, H[item] + 2 * grow);
}
