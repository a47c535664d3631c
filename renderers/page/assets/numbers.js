// ----- Numbers as Python writes them -----

const LONGEST_WHOLE = 6; // digits of a whole number that are all written

function pythonFloat(number, digits = 4) {
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return number < 0 ? "-inf" : "inf";
  if (Object.is(number, -0)) return "-0.0";
  const size = Math.abs(number);
  const whole = size >= 1 ? Math.floor(Math.log10(size)) + 1 : 0; // digits before the point
  const text = size > 0 && (size < 1e-4 || whole > LONGEST_WHOLE) ?
    number.toExponential(digits - 1).replace(/\.?0+e/, "e") :
    String(Number(number.toPrecision(Math.max(digits, whole + 1))));
  const [mantissa, exponent] = text.split("e");
  if (exponent) {
    const power = exponent.replace(/[+-]/, "").padStart(2, "0");
    return `${mantissa}e${exponent[0] === "-" ? "-" : "+"}${power}`;
  }
  return mantissa.includes(".") ? mantissa : `${mantissa}.0`;
}

const exact = (number) => pythonFloat(number, 17).length < 8
  ? pythonFloat(number, 17)
  : Number.isFinite(number) ? String(number) : pythonFloat(number);
// A number beside another one: in as many digits as tell them apart.
const toldApart = (number, beside) => [4, 6, 9, 12, 17].map((digits) => pythonFloat(number, digits))
  .find((text, i) => text !== pythonFloat(beside, [4, 6, 9, 12, 17][i])) ?? pythonFloat(number, 17);
const grouped = new Intl.NumberFormat("en-US");
const counted = (number) => grouped.format(number);
const plural = (number, noun) => `${counted(number)} ${noun}${number === 1 ? "" : "s"}`;
