// ----- Search: by name, operation, id, group or trouble -----

const searchBox = $("search");
const foundList = $("found");
const MOST_FOUND = 60;
const lowerLabels = given.labels.map((label) => label.toLowerCase());
const lowerOps = given.ops.map((op) => `${op.name} ${op.symbol}`.toLowerCase());
let found = [], foundAt = -1;

function matches(text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const special = {
    nan: (i) => trouble[i] & NAN, inf: (i) => trouble[i] & INF,
    vanishing: (i) => trouble[i] & VANISHING, exploding: (i) => trouble[i] & EXPLODING,
    zero: (i) => hasGrad(i) && grad[i] === 0,
  }[wanted];
  const labels = lowerLabels.map((label) => label.includes(wanted));
  const exactLabels = lowerLabels.map((label) => label === wanted);
  const ops = lowerOps.map((op) => op.split(" ").includes(wanted) || op.startsWith(wanted));
  const best = [], good = [];
  for (let g = 1; g < G && good.length < MOST_FOUND; g++) {
    if (given.groups.names[g].toLowerCase().includes(wanted)) good.push(GROUP + g);
  }
  for (let i = 0; i < N && best.length < MOST_FOUND; i++) {
    const label = columns.label[i];
    if (exactLabels[label] || idOf(i) === wanted || (special && special(i))) best.push(i);
    else if (good.length < MOST_FOUND && (labels[label] || ops[columns.op[i]])) good.push(i);
  }
  return [...best, ...good].slice(0, MOST_FOUND);
}

function showFound() {
  found = matches(searchBox.value);
  foundAt = -1;
  showList(searchBox.value.trim() !== "");
  foundList.replaceChildren(...found.map((item, i) => {
    const row = element("li");
    row.id = `found${i}`;
    row.setAttribute("role", "option");
    row.append(element("b", item < N ? titleOf(item) : given.groups.names[item - GROUP]));
    row.append(element("span", item < N ? `${idOf(item)}  ${pythonFloat(data[item])}` : "group"));
    row.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      goToFound(i);
    });
    return row;
  }));
  if (!found.length) foundList.append(nothingFound());
}

function nothingFound() {
  const row = element("li", "nothing found", "none");
  row.setAttribute("role", "option");
  row.setAttribute("aria-disabled", "true");
  return row;
}

function showList(shown) {
  foundList.hidden = !shown;
  searchBox.setAttribute("aria-expanded", shown);
  searchBox.removeAttribute("aria-activedescendant");
}

function goToFound(i) {
  if (!found.length) return;
  foundAt = (i + found.length) % found.length;
  [...foundList.children].forEach((row, j) => row.setAttribute("aria-selected", j === foundAt));
  searchBox.setAttribute("aria-activedescendant", `found${foundAt}`);
  foundList.children[foundAt].scrollIntoView({ block: "nearest" });
  choose(found[foundAt], { show: true });
}

searchBox.addEventListener("input", showFound);
searchBox.addEventListener("focus", () => { if (searchBox.value) showFound(); });
searchBox.addEventListener("blur", () => showList(false));
searchBox.addEventListener("keydown", (event) => {
  if (event.key === "Enter" || event.key === "ArrowDown") goToFound(foundAt + 1);
  else if (event.key === "ArrowUp") goToFound(foundAt - 1);
  else if (event.key === "Escape") searchBox.blur();
  else return;
  event.preventDefault();
});
