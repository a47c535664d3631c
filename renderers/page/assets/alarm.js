// ----- Going from one value with trouble to the next -----

// First where nan and infinity began, then what else is noted, then what followed from it.
const rankOf = (i) => (isOrigin(i) ? 0 : notes.has(i) ? 1 : 2);
const troubled = [];
let troubleAt = -1;
let deadNow = 0; // units of a film that react to nothing
function findTroubled() {
  troubled.length = 0;
  for (let i = 0; i < N; i++) if (trouble[i] || notes.has(i)) troubled.push(i);
  troubled.sort((a, b) => rankOf(a) - rankOf(b) || a - b);
  $("alarm").hidden = !troubled.length;
  $("alarm").textContent = troubleText();
}

function nextTrouble() {
  if (!troubled.length) return;
  troubleAt = (troubleAt + 1) % troubled.length;
  choose(troubled[troubleAt], { show: true });
}

function troubleText() {
  const noted = (wanted) =>
    troubled.filter((i) => (notes.get(i) ?? []).some(({ kind: why }) => why === wanted)).length;
  const many = (bit) => (bit === DEAD ? deadNow : troubled.filter((i) => trouble[i] & bit).length);
  const kinds = TROUBLES.map(([bit, name]) => [many(bit), name])
    .filter(([count]) => count)
    .map(([count, name]) => `${counted(count)} ${name.split(/[ :]/)[0]}`);
  for (const [why, text] of [["older", "of older data"], ["gradient", "gradient noted"],
    ["way", "for the way taken"],
    ["added", "added"], ["removed", "removed"], ["changed", "changed"]]) {
    if (noted(why)) kinds.push(`${counted(noted(why))} ${text}`);
  }
  return kinds.join(" · ");
}

findTroubled();
