// ----- What Python compared, and the way that it took -----

const COMPARED = {
  "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b, bool: (a) => a !== 0,
};
const answerNow = ([node, how, other, number]) => COMPARED[how](data[node], other < 0 ? toNumber(number) : data[other]);

function decisionText(found) {
  const [node, how, other, number, answer, line] = found;
  const right = other < 0 ? pythonFloat(toNumber(number)) : nameOf(other);
  const asked = how === "bool" ? `bool(${nameOf(node)})` : `${nameOf(node)} ${how} ${right}`;
  const truth = (x) => (x ? "True" : "False"), differs = answerNow(found) !== answer;
  return `${asked} was ${truth(answer)}${differs ? `, and is ${truth(!answer)} now: Python would go another way` : ""} (${line})`;
}

function aboutDecisions(node) {
  const told = (decisions.get(node) ?? []).filter((found) => !live.on || answerNow(found) === found[4]).map(decisionText);
  return told.map((text) => element("p", `Decided a way: ${text}.`));
}
