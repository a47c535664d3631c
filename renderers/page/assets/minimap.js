// ----- The minimap: everything, and where the screen is in it -----

const mapCanvas = $("minimap");
const mapPen = mapCanvas.getContext("2d");
const MAP = { width: 190, height: 110, margin: 6 };
const mapView = { x: 0, y: 0, k: 1 };
let mapPicture = null;

function drawMapPicture() {
  const { ratio } = screenSize;
  mapCanvas.width = Math.round(MAP.width * ratio);
  mapCanvas.height = Math.round(MAP.height * ratio);
  mapView.x = (stage.left + stage.right) / 2;
  mapView.y = (stage.top + stage.bottom) / 2;
  mapView.k = ratio * Math.min(
    (MAP.width - 2 * MAP.margin) / Math.max(1, stage.right - stage.left),
    (MAP.height - 2 * MAP.margin) / Math.max(1, stage.bottom - stage.top));
  const dots = drawDots(mapCanvas.width, mapCanvas.height, mapView);
  mapPicture = document.createElement("canvas");
  mapPicture.width = mapCanvas.width;
  mapPicture.height = mapCanvas.height;
  mapPicture.getContext("2d").drawImage(dots, 0, 0);
}

function drawMap() {
  const everything = toScreenX(stage.left) >= 0 && toScreenX(stage.right) <= screenSize.width &&
    toScreenY(stage.top) >= 0 && toScreenY(stage.bottom) <= screenSize.height;
  mapCanvas.hidden = everything;
  if (everything) return;
  if (!mapPicture) drawMapPicture();
  const { width, height } = mapCanvas, { k } = mapView;
  mapPen.clearRect(0, 0, width, height);
  mapPen.drawImage(mapPicture, 0, 0);
  const left = (toPlaneX(0) - mapView.x) * k + width / 2;
  const top = (toPlaneY(0) - mapView.y) * k + height / 2;
  const wide = (screenSize.width / camera.k) * k, high = (screenSize.height / camera.k) * k;
  mapPen.strokeStyle = look.colours.accent;
  mapPen.lineWidth = 2 * screenSize.ratio;
  mapPen.strokeRect(
    Math.max(1, left), Math.max(1, top),
    Math.max(4, Math.min(width - 1, left + wide) - Math.max(1, left)),
    Math.max(4, Math.min(height - 1, top + high) - Math.max(1, top)));
}

function moveFromMap(event) {
  const box = mapCanvas.getBoundingClientRect();
  const { ratio } = screenSize;
  camera.fitted = false;
  camera.x = ((event.clientX - box.left) * ratio - mapCanvas.width / 2) / mapView.k + mapView.x;
  camera.y = ((event.clientY - box.top) * ratio - mapCanvas.height / 2) / mapView.k + mapView.y;
  redraw();
}

mapCanvas.addEventListener("pointerdown", (event) => {
  mapCanvas.setPointerCapture(event.pointerId);
  moveFromMap(event);
});
mapCanvas.addEventListener("pointermove", (event) => {
  if (event.buttons) moveFromMap(event);
});
