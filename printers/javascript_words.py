"""Functions that JavaScript's `Math` has not, or not as IEEE 754 and Python have them."""

MOD = """function pyMod(a, b) {
  const r = a % b;
  if (r === 0) return copysign(0, b);
  return (r < 0) !== (b < 0) ? r + b : r;
}"""
FLOORDIV = """function pyFloordiv(a, b) {
  if (b === 0) return a / b;
  const r = a % b;
  let q = (a - r) / b;
  if (r !== 0 && (r < 0) !== (b < 0)) q -= 1;
  if (q === 0) return copysign(0, a / b);
  const whole = Math.floor(q);
  return q - whole > 0.5 ? whole + 1 : whole;
}"""
COPYSIGN = """function copysign(a, b) {
  return b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a);
}"""
RINT = """function rint(x) {
  const t = Math.abs(x);
  return t < 4503599627370496 ? copysign(t + 4503599627370496 - 4503599627370496, x) : x;
}"""
REMAINDER = """function remainder(a, b) {
  const size = Math.abs(b);
  if (!(Math.abs(a) < Infinity) || !(size > 0)) return NaN;
  if (size === Infinity) return a;
  let rest = Math.abs(a) % size;
  const half = 0.5 * size, odd = (Math.abs(a) % (2 * size)) !== rest;
  const over = size > 1e-300 ? rest > half : 2 * rest > size;
  const tie = size > 1e-300 ? rest === half : 2 * rest === size;
  if (over || (tie && odd)) rest -= size;
  return a < 0 || Object.is(a, -0) ? -rest : rest;
}"""
# A float is a whole number times a power of two, and whole numbers may be of any size.
EXACT = """function parts(x) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0), power = Number((bits >> 52n) & 2047n);
  const size = (bits & 0xfffffffffffffn) | (power ? 1n << 52n : 0n);
  return [bits >> 63n ? -size : size, Math.max(power, 1) - 1075];
}

function fromParts(size, power) {
  const length = (size < 0n ? -size : size).toString(2).length;
  const cut = Math.max(0, length - 64, -1074 - power);
  if (cut) {
    const sign = size < 0n ? -1n : 1n, whole = sign * size, low = BigInt(cut);
    if (power + cut === -1074) {
      const rest = whole & ((1n << low) - 1n), half = 1n << (low - 1n), up = whole >> low;
      size = sign * (rest > half || (rest === half && up & 1n) ? up + 1n : up);
    } else {
      size = sign * ((whole >> low) | (whole & ((1n << low) - 1n) ? 1n : 0n));
    }
    power += cut;
  }
  const first = Math.max(-1022, Math.min(power, 900));
  return Number(size) * 2 ** first * 2 ** Math.max(-52, power - first);
}"""
FMA = """function fma(a, b, c) {
  const product = a * b;
  if (product === 0 && c === 0) return a === 0 || b === 0 ? product + c : product;
  if (a === 0 || b === 0 || !isFinite(a) || !isFinite(b)) return product + c;
  if (!isFinite(c)) return c;
  const [m, p] = parts(a), [n, q] = parts(b), [s, r] = parts(c);
  const power = Math.min(p + q, r);
  const sum = ((m * n) << BigInt(p + q - power)) + (s << BigInt(r - power));
  return sum ? fromParts(sum, power) : 0;
}"""
ROUND = """function pyRound(x, digits) {
  if (!isFinite(x) || digits > 400) return x;
  if (digits < -400) return copysign(0, x);
  if (digits === 0) return rint(x);
  let [top, power] = parts(Math.abs(x)), bottom = 1n;
  if (power < 0) bottom <<= BigInt(-power); else top <<= BigInt(power);
  if (digits > 0) top *= 10n ** BigInt(digits); else bottom *= 10n ** BigInt(-digits);
  let whole = top / bottom;
  const rest = 2n * (top % bottom);
  if (rest > bottom || (rest === bottom && whole & 1n)) whole += 1n;
  return copysign(Number(`${whole}e${-digits}`), x);
}"""
LDEXP = """function ldexp(x, n) {
  if (!isFinite(x) || x === 0) return x;
  const [size, power] = parts(x);
  return n > 5000 ? x * Infinity : n < -5000 ? x * 0 : copysign(fromParts(size, power + n), x);
}"""
# pow(1, nan) and pow(-1, inf) are 1 in C and Python.
POW = """function pow(a, b) {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : Math.pow(a, b);
}"""
# To 0.7 units in the last place, where Math.exp has one or more: x = k log 2 + r + rest, and the
# series of e**r, of which 1 and r are added with their rounding errors.
EXP = """const EXP = [];
for (let n = 14, f = 87178291200; n > 1; f /= n, n -= 1) EXP.push(1 / f);
function exp(x) {
  if (!(Math.abs(x) < 700)) return Math.exp(x);
  const k = Math.round(x * 1.4426950408889634);
  const high = x - k * 0.693147180369123816490, low = k * 1.90821492927058770002e-10;
  const r = high - low;
  let series = 0;
  for (let i = 0; i < EXP.length; i++) series = series * r + EXP[i];
  series *= r * r;
  const s = r + series, t = 1 + s;
  const rest = ((1 - t) + s) + ((r - s) + series + ((high - r) - low));
  return (t + rest) * Math.pow(2, k);
}"""
# erf(x) by its series, DLMF 7.6.1. erfc(x) by the trapezoidal rule on its integral, DLMF 7.7.1,
# with the pole taken into account (C. Chiarella and A. Reichel, "On the evaluation of integrals
# related to the error function", Math. Comp. 22, 1968); its error is e**-(pi / h)**2.
ERF = """const BELL = Array.from({length: 14}, (_, k) => exp(-0.25 * (k + 1) * (k + 1)));
const ERF = [];
for (let n = 1, f = -1; n < 15; n += 1, f *= -n) ERF.unshift(1 / (f * (2 * n + 1)));
function erfc(x) {
  const t = Math.abs(x), s = t * t;
  if (!(t >= 0.5)) return 1 - erf(x);
  if (t > 28) return x > 0 ? 0 : 2;
  const near = (t + 105553116266496) - 105553116266496;  // its square is exact
  const bell = exp(-near * near) * exp((near - t) * (near + t));
  let sum = 0;
  for (let k = 14; k > 0; k--) sum += BELL[k - 1] / (s + 0.25 * k * k);
  const pole = t < 6.3 ? 2 / (1 - exp(4 * Math.PI * t)) : 0;
  const tail = bell * (t * (0.5 / s + sum) / Math.PI) + pole;
  return x > 0 ? tail : 2 - tail;
}

function erf(x) {
  const t = Math.abs(x);
  if (t >= 0.5) return x > 0 ? 1 - erfc(t) : erfc(t) - 1;
  let series = 0;
  for (const c of ERF) series = (series + c) * (x * x);
  return x + x * (0.1283791670955126 + 1.1283791670955126 * series);
}"""

INFIX = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "lt": "<", "le": "<=", "gt": ">",
    "ge": ">=", "eq": "===", "ne": "!==", "and": "&&", "or": "||", "fmod": "%",
}  # fmt: skip
SAME = """abs floor ceil trunc expm1 log log1p log2 log10 sqrt cbrt sin cos tan asin acos atan
sinh cosh tanh asinh acosh atanh""".split()


def _with(*texts: str, expression: str) -> str:
    return "\n\n".join(texts) + "\n" + expression


WORDS = {
    **{word: f"({{0}} {sign} {{1}})" for word, sign in INFIX.items()},
    **{word: f"Math.{word}({{0}})" for word in SAME},
    "neg": "(-{0})",
    "not": "(!{0})",
    "select": "({0} ? {1} : {2})",
    "min": "({1} < {0} ? {1} : {0})",
    "max": "({1} > {0} ? {1} : {0})",
    "exp": _with(EXP, expression="exp({0})"),
    "exp2": "Math.pow(2, {0})",
    "atan2": "Math.atan2({0}, {1})",
    "hypot": "Math.hypot({0}, {1})",
    "pow": _with(POW, expression="pow({0}, {1})"),
    "erf": _with(EXP, ERF, expression="erf({0})"),
    "erfc": _with(EXP, ERF, expression="erfc({0})"),
    "copysign": _with(COPYSIGN, expression="copysign({0}, {1})"),
    "rint": _with(COPYSIGN, RINT, expression="rint({0})"),
    "mod": _with(COPYSIGN, MOD, expression="pyMod({0}, {1})"),
    "floordiv": _with(COPYSIGN, FLOORDIV, expression="pyFloordiv({0}, {1})"),
    "remainder": _with(REMAINDER, expression="remainder({0}, {1})"),
    "round": _with(COPYSIGN, RINT, EXACT, ROUND, expression="pyRound({0}, {1})"),
    "ldexp": _with(COPYSIGN, EXACT, LDEXP, expression="ldexp({0}, {1})"),
    "op:fma": _with(EXACT, FMA, expression="fma({0}, {1}, {2})"),
    "op:remainder": _with(REMAINDER, expression="remainder({0}, {1})"),
}
