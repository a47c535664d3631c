// ----- Going from one value with trouble to the next -----

const troubled = [];
for (let i = 0; i < N; i++) if (trouble[i]) troubled.push(i);
let troubleAt = -1;

function nextTrouble() {
  if (!troubled.length) return;
  troubleAt = (troubleAt + 1) % troubled.length;
  choose(troubled[troubleAt], { show: true });
}

function troubleText() {
  return TROUBLES.map(([bit, name]) => [troubled.filter((i) => trouble[i] & bit).length, name])
    .filter(([count]) => count)
    .map(([count, name]) => `${counted(count)} ${name.split(" ")[0]}`).join(" · ");
}

