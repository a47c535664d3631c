// ----- Colours: blue, amber and grey stay apart under every common colour blindness -----

const PALETTES = {
  light: {
    bg: "#f6f7f9", surface: "#ffffff", ink: "#1b2530", muted: "#5f6c7b", line: "#d5dbe2",
    edge: "#9aa8b7", accent: "#6d28d9", alarm: "#b3175e", badge: "#eef1f5",
    leaf: ["#e3f0fb", "#2b6cb0"], constant: ["#f1f3f6", "#c6ced8"],
    result: ["#ffffff", "#93a4b7"], output: ["#fdf0d5", "#b7791f"], group: ["#eceff4", "#aab6c4"],
    minus: [72, 150, 214], zero: [255, 255, 255], plus: [240, 148, 58],
  },
  dark: {
    bg: "#12171e", surface: "#1a212b", ink: "#e6ebf1", muted: "#97a5b5", line: "#303b49",
    edge: "#56667a", accent: "#b794f6", alarm: "#ff7eb6", badge: "#2a3442",
    leaf: ["#16304a", "#5aa2e0"], constant: ["#1a212b", "#3c4858"],
    result: ["#202a36", "#56667a"], output: ["#3b2e12", "#e0a63c"], group: ["#1a212b", "#47566a"],
    minus: [34, 112, 178], zero: [32, 42, 54], plus: [186, 98, 10],
  },
};
const look = { dark: false, heat: false, colours: PALETTES.light };

function setDark(dark) {
  look.dark = dark;
  look.colours = PALETTES[dark ? "dark" : "light"];
  const { style } = document.documentElement;
  for (const name of ["leaf", "constant", "result", "output", "group"]) {
    const [fill, border] = look.colours[name];
    style.setProperty(`--${name}`, fill);
    style.setProperty(`--${name}-border`, border);
  }
  document.documentElement.toggleAttribute("data-dark", dark);
}

const KIND_NAMES = ["leaf", "constant", "result"];
const looksOf = (node) => look.colours[isOutput(node) ? "output" : KIND_NAMES[kind[node]]];

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
for (let node = 0; node < N; node++) {
  if (!hasGrad(node)) continue;
  for (let g = columns.group[node]; g > 0; g = given.groups.parents[g]) {
    if (Math.abs(grad[node]) > Math.abs(groupGrad[g])) groupGrad[g] = grad[node];
  }
}
