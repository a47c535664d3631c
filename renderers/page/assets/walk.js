// ----- Longer steps: over a folded group, into it, out of one, until a value or until nan -----

const shownSubject = (step) => {
  const subject = subjectOf(stepAt(step));
  return subject < 0 ? -1 : shownAs[subject];
};

// The next step at which there is something new to see: all steps within a folded group are one.
function stepOver(way) {
  let step = now + way;
  const first = shownSubject(way > 0 ? step : now);
  if (first >= GROUP) {
    while (step + way > 0 && step + way <= LAST && shownSubject(way > 0 ? step + way : step) === first) {
      step += way;
    }
  }
  byHand(step);
}

function stepInto() {
  const subject = subjectOf(stepAt(Math.min(LAST, now + 1)));
  if (subject >= 0 && shownAs[subject] >= GROUP) {
    unfolded[shownAs[subject] - GROUP] = 1;
    arrange();
  }
  byHand(now + 1);
}

// Until the group of this step is left; at the outermost, to the end of the phase.
function stepOut() {
  const subject = subjectOf(lastStep());
  const group = subject < 0 ? 0 : columns.group[subject];
  let step = now + 1;
  while (step < LAST && step !== seeding) {
    const next = subjectOf(stepAt(step));
    if (group && (next < 0 || !isWithin(next, group))) break;
    step++;
  }
  byHand(step);
}

// Until the chosen value is computed, or, in backprop, until its gradient is complete.
function runUntil() {
  const node = chosen.item;
  if (node < 0 || node >= N) return;
  if (computedAt[node] > now) return byHand(computedAt[node]);
  let step = isSeed[node] ? seeding + 1 : now;
  for (let u = usersStart[node]; u < usersStart[node + 1]; u++) {
    step = Math.max(step, flowsAt[usersEdge[u]] + 1);
  }
  byHand(step);
}

function runUntilNan() {
  const isBad = (x) => !Number.isFinite(x);
  for (let step = now + 1; step <= LAST; step++) {
    const { node, edge } = stepAt(step);
    if (node !== undefined && isBad(data[node]) || edge !== undefined && isBad(contribution(edge))) {
      return byHand(step);
    }
  }
  return undefined;
}

// From value to value with the arrows: the nearest one that way.
function chooseTowards(dx, dy) {
  if (chosen.item < 0) return toOutput();
  const x = X[chosen.item], y = Y[chosen.item];
  let best = -1, least = Infinity;
  for (const item of shownItems) {
    const ahead = (X[item] - x) * dx + (Y[item] - y) * dy;
    const aside = Math.abs((X[item] - x) * dy) + Math.abs((Y[item] - y) * dx);
    if (ahead <= 1 || aside > 3 * ahead) continue;
    const distance = ahead + 2 * aside;
    if (distance < least) [best, least] = [item, distance];
  }
  if (best >= 0) choose(best, { follow: true });
  return undefined;
}
