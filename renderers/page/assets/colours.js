// ----- Colours: those of the page's theme, which its style sheet has -----

const look = { dark: false, heat: false, colours: {} };

function setDark(dark) {
  look.dark = dark;
  document.documentElement.toggleAttribute("data-dark", dark);
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  const colours = {};
  for (const name of ["back", "paper", "ink", "muted", "line", "accent", "alarm", "badge"]) {
    colours[name] = of(name);
  }
  for (const name of ["leaf", "constant", "result", "output", "group", "frame"]) {
    colours[name] = [of(name), of(`${name}-edge`)]; // inside and border
  }
  for (const name of ["minus", "zero", "plus"]) colours[name] = rgbOf(of(name));
  look.colours = colours;
}

const KIND_NAMES = ["leaf", "constant", "result"];
const looksOf = (node) => look.colours[
  isOutput(node) ? "output" : isSummaryNode(node) ? "group" : KIND_NAMES[kind[node]]];

// Gradients spread over many powers of ten, so colours follow the logarithm of their size.
const heatRange = (() => {
  let low = Infinity, high = 0;
  for (let node = 0; node < N; node++) {
    const g = Math.abs(grad[node]);
    if (hasGrad(node) && g > 0 && g < Infinity) {
      low = Math.min(low, g);
      high = Math.max(high, g);
    }
  }
  if (!high) return { low: 1e-4, high: 1 };
  return { low: Math.max(low, high * 1e-6, high / 1e300) * 0.5, high };
})();

function heatShare(g) {
  const size = Math.abs(g);
  if (!(size > 0)) return 0;
  const { low, high } = heatRange;
  const share = Math.log(size / low) / Math.log(high / low);
  return Math.sign(g) * Math.min(1, Math.max(0.06, share));
}

function heatRgb(g) {
  const { minus, zero, plus } = look.colours;
  const share = heatShare(g);
  const end = share < 0 ? minus : plus;
  return zero.map((from, i) => Math.round(from + (end[i] - from) * Math.abs(share)));
}

const cssRgb = ([r, g, b]) => `rgb(${r},${g},${b})`;

function rgbOf(hex) {
  const number = parseInt(hex.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

// The gradient that stands for a group: the largest in it, by size.
const groupGrad = new Float64Array(given.groups.names.length);
function findGroupGrads() {
  groupGrad.fill(0);
  for (let node = 0; node < N; node++) {
    if (!hasGrad(node)) continue;
    for (let g = columns.group[node]; g > 0; g = given.groups.parents[g]) {
      if (Math.abs(grad[node]) > Math.abs(groupGrad[g])) groupGrad[g] = grad[node];
    }
  }
}
findGroupGrads();
