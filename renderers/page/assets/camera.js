// ----- The camera: which part of the plane is on the screen, and how large -----

const canvas = $("canvas");
const screenPen = canvas.getContext("2d", { alpha: false });
screenPen.newPath = () => new Path2D();
screenPen.fillPath = (path) => screenPen.fill(path);
let pen = screenPen; // what draws; another one while the view is saved
// The middle of the screen in the plane; pixels per unit; whether it shows everything, as it then
// does in a window of another size, too.
const camera = { x: 0, y: 0, k: 1, fitted: false };
const screenSize = { width: 1, height: 1, ratio: 1 };
const CLOSEST = 4;
let farthest = 0.01;
let pendingDraw = 0; // the frame that will draw, if one is asked for

// While the view moves, frames must come in time: `detail` is the share of edges that are drawn. It
// falls when frames come late and rises when they do not; a view at rest has all its edges.
const motion = { detail: 1, moving: false, last: -Infinity, rest: 0 };

function redraw() {
  pendingDraw ||= requestAnimationFrame((time) => {
    const pause = time - motion.last;
    motion.last = time;
    motion.moving = pause < 150;
    if (motion.moving && pause > 26) motion.detail = Math.max(0.05, motion.detail / 2);
    else if (motion.moving && pause < 18) motion.detail = Math.min(1, motion.detail * 1.02);
    draw();
    clearTimeout(motion.rest);
    if (motion.moving && motion.detail < 1) motion.rest = setTimeout(settle, 180);
  });
}

function settle() {
  motion.moving = false;
  draw();
}

function resize() {
  const { clientWidth: width, clientHeight: height } = canvas.parentElement;
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  Object.assign(screenSize, { width: Math.max(1, width), height: Math.max(1, height), ratio });
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  if (upright !== width < UPRIGHT_BELOW) {
    upright = width < UPRIGHT_BELOW;
    arrange();
    openToRead();
  }
  const { x, y, k } = camera;
  if (opened && x === opened.x && y === opened.y && k === opened.k) openToRead();
  else if (camera.fitted) showEverything();
  limitZoom();
  redraw();
}

// A canvas of another size is empty: it is drawn in the same frame.
function followWindow() {
  const { clientWidth: width, clientHeight: height } = canvas.parentElement;
  if (width === screenSize.width && height === screenSize.height) return;
  resize();
  draw();
}

function limitZoom() {
  const wide = Math.max(1, stage.right - stage.left), high = Math.max(1, stage.bottom - stage.top);
  farthest = Math.min(1, 0.5 * Math.min(screenSize.width / wide, screenSize.height / high));
  camera.k = Math.min(CLOSEST, Math.max(farthest, camera.k));
}

const toScreenX = (x) => (x - camera.x) * camera.k + screenSize.width / 2;
const toScreenY = (y) => (y - camera.y) * camera.k + screenSize.height / 2;
const toPlaneX = (x) => (x - screenSize.width / 2) / camera.k + camera.x;
const toPlaneY = (y) => (y - screenSize.height / 2) / camera.k + camera.y;

function showEverything() {
  const margin = 24;
  opened = null;
  const wide = Math.max(1, stage.right - stage.left), high = Math.max(1, stage.bottom - stage.top);
  limitZoom();
  camera.k = Math.min(1.25, (screenSize.width - 2 * margin) / wide,
    (screenSize.height - 2 * margin) / high);
  camera.k = Math.max(farthest, camera.k);
  camera.x = (stage.left + stage.right) / 2;
  camera.y = (stage.top + stage.bottom) / 2;
  camera.fitted = true;
  redraw();
}

const READABLE = 0.8; // at which numbers are 9 pixels high
let opened = null; // where the camera was when the page opened: a window of another size does so again

// Open with everything, if that can be read; else with the output, at a size that can.
function openToRead() {
  showEverything();
  opened = { ...camera };
  if (camera.k >= READABLE) return;
  const { width, height } = screenSize;
  camera.k = READABLE;
  camera.fitted = false;
  let at = -1;
  for (let i = N - 1; i >= 0 && at < 0; i--) if (isOutput(i)) at = shownAs[i];
  const middle = (from, to, room, place) =>
    (to - from <= room ? (from + to) / 2 : Math.min(to - room / 2, Math.max(from + room / 2, place)));
  camera.x = middle(stage.left, stage.right, width / camera.k, at < 0 ? 0 : X[at]);
  camera.y = middle(stage.top, stage.bottom, height / camera.k, at < 0 ? 0 : Y[at]);
  opened = { ...camera };
  redraw();
}

function zoomAt(screenX, screenY, factor) {
  const x = toPlaneX(screenX), y = toPlaneY(screenY);
  camera.fitted = false;
  camera.k = Math.min(CLOSEST, Math.max(farthest, camera.k * factor));
  camera.x = x - (screenX - screenSize.width / 2) / camera.k;
  camera.y = y - (screenY - screenSize.height / 2) / camera.k;
  redraw();
}

function panBy(dx, dy) {
  camera.fitted = false;
  camera.x = Math.min(stage.right, Math.max(stage.left, camera.x - dx / camera.k));
  camera.y = Math.min(stage.bottom, Math.max(stage.top, camera.y - dy / camera.k));
  redraw();
}

// Bring an item onto the screen; `close` also makes it large enough to read. What can be seen stays.
function showItem(item, close) {
  const small = close && camera.k < 0.6;
  if (small) camera.k = 0.9;
  const x = toScreenX(X[item]), y = toScreenY(Y[item]);
  const wide = (W[item] / 2) * camera.k, high = (H[item] / 2) * camera.k;
  const visible = x >= wide && y >= high && x <= screenSize.width - wide &&
    y <= screenSize.height - high;
  if (small || !visible) {
    camera.fitted = false;
    camera.x = X[item];
    camera.y = Y[item];
  }
  redraw();
}

// The topmost item at a place on the screen, or the frame of an unfolded group, or -1.
function itemAt(screenX, screenY) {
  const x = toPlaneX(screenX), y = toPlaneY(screenY);
  const reach = Math.max(0, 4 / camera.k - 8); // small things can be hit too
  for (let i = shownItems.length - 1; i >= 0; i--) {
    const item = shownItems[i];
    if (Math.abs(X[item] - x) <= W[item] / 2 + reach && Math.abs(Y[item] - y) <= H[item] / 2 + reach) {
      return item;
    }
  }
  for (let g = G - 1; g > 0; g--) {
    const item = GROUP + g;
    if (!groupShown[g] || !unfolded[g]) continue;
    const top = Y[item] - H[item] / 2;
    if (Math.abs(X[item] - x) <= W[item] / 2 && y >= top && y <= top + TITLE) return item;
  }
  return -1;
}
