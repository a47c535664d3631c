"""The renderer js, run by node: within 4 units in the last place of Python, or excused."""

import inspect
import json
import math
import re
import shutil
import subprocess
import sys
from array import array
from pathlib import Path

import pytest
from pluggrad import Graph, Op, RenderError, Value, checkpoint, ops, render, save

from .points import OPS, expected, leaves_of, points, same, ulps
from .test_c import random_graph

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
LIMIT = 4.0
# Beside an op: what benchmarks/accuracy.py reads, and `In JavaScript, erfinv, operand 0: 8 units
# where abs(x) > 0.5. ...`
OURS = re.compile(r"In JavaScript, (\w+), (forward|operand \d): (.+?) units where (.+?)\. [A-Z]")

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")

DRIVER = """
import {readFileSync, writeFileSync} from "fs";
for (const [name, arity] of JSON.parse(readFileSync("ops.json"))) {
  const {value_and_gradient} = await import(`./${name}.mjs`);
  const bytes = readFileSync(`${name}.in`);
  const x = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  const out = [];
  for (let i = 0; i < x.length; i += arity) {
    const {y, dx} = value_and_gradient(x.subarray(i, i + arity));
    out.push(y[0], ...dx);
  }
  writeFileSync(`${name}.out`, Buffer.from(new Float64Array(out).buffer));
}
"""


def node(folder, program):
    (folder / "run.mjs").write_text(program)
    done = subprocess.run(["node", "run.mjs"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:2000]
    return done.stdout


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """What node makes of every op at its points: rows of the result and the partials."""
    folder = tmp_path_factory.mktemp("ops")
    for op in OPS:
        save(op(*leaves_of(op)), folder / f"{op.name}.mjs")
        flat = array("d", [x for p in points(op) for x in p])
        (folder / f"{op.name}.in").write_bytes(flat.tobytes())
    (folder / "ops.json").write_text(json.dumps([[op.name, op.arity] for op in OPS]))
    node(folder, DRIVER)

    def rows(op):
        flat = array("d", (folder / f"{op.name}.out").read_bytes())
        return [flat[i : i + op.arity + 1] for i in range(0, len(flat), op.arity + 1)]

    return rows


@pytest.fixture(scope="module")
def allowance():
    """How far an op may be off beyond the limit, as comments beside it say."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import accuracy
    finally:
        sys.path.remove(str(BENCHMARKS))

    def allowed(op, what, p, wanted):
        rule = next(rule for rule in op.rules if rule is not None)
        text = inspect.getsource(inspect.getmodule(rule)).replace("\n# ", " ")
        excuses = [(e.limit, e.where) for e in accuracy.excuses_of(op).get(what, ())]
        key = what if what == "forward" else f"operand {what}"
        excuses += [m.group(3, 4) for m in OURS.finditer(text) if m.group(1, 2) == (op.name, key)]
        names = {
            **accuracy.NAMES,
            **dict(zip(op.__signature__.parameters, p, strict=True)),
            "exact": wanted,
        }
        return max([LIMIT, *(_limit(limit, where, names) for limit, where in excuses)])

    return allowed


def _limit(limit, where, names):
    try:
        return eval(limit, dict(names)) if eval(where, dict(names)) else 0.0
    except ZeroDivisionError:
        return math.inf


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_every_built_in_op_and_its_partials_are_those_of_python(op, computed, allowance):
    for p, row in zip(points(op), computed(op), strict=True):
        for i, (wanted, got) in enumerate(zip(expected(op, p), row, strict=True)):
            if wanted is not None and (error := ulps(got, wanted)) > LIMIT:
                what = i - 1 if i else "forward"
                assert error <= allowance(op, what, p, wanted), (what, p, got, wanted)


@pytest.mark.parametrize("nodes", [30, 3000])
def test_a_graph_has_the_value_and_gradient_of_backward(nodes, tmp_path):
    loss = random_graph(nodes)
    loss.backward()
    save(loss, tmp_path / "loss.js")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    found = json.loads(
        node(
            tmp_path,
            'import {value_and_gradient, point} from "./loss.js";\n'
            "console.log(JSON.stringify(value_and_gradient(point)));",
        )
    )
    leaves = [x.grad for x in Graph(loss).nodes if x.kind == "leaf"]
    assert found["y"] == pytest.approx([loss.data], rel=1e-12)
    assert found["dx"] == pytest.approx(leaves, rel=1e-12, abs=1e-18)


@pytest.mark.parametrize("label", ['"', "*/", "a\nb", "\\", "\u2028", "`${x}`", "</script>"])
def test_a_label_stays_a_text(label, tmp_path):
    x = Value(3.0, label=label)
    y = x * x
    y.label = label
    save(y, tmp_path / "loss.mjs")
    found = node(
        tmp_path,
        'import {value_and_gradient as f, labels} from "./loss.mjs";\n'
        "console.log(JSON.stringify([f([4]), labels.length]));",
    )
    assert json.loads(found) == [{"y": [16], "dx": [8]}, 1]


def test_constants_are_exact_whatever_they_are(tmp_path):
    numbers = [0.1, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308, 2.0**60]
    x = Value(1.0, label="x")
    save([ops.copysign(x, n) * n for n in numbers], tmp_path / "f.mjs")
    program = """
    import {value_and_gradient as f} from "./f.mjs";
    console.log(f([1]).y.map((x) => Object.is(x, -0) ? "-0.0" : String(x)).join(" "));"""
    found = [float(x.replace("Infinity", "inf")) for x in node(tmp_path, program).split()]
    assert all(map(same, found, [math.copysign(1.0, n) * n for n in numbers]))


def test_functions_with_branches_and_loops_are_read_as_they_stand(tmp_path):
    def forward(x):
        total, k = 0.0, 1
        for c in (0.5, 0.25, -1):
            total += c * x
        while k < 4 and not total > 100:
            total, k = total * total + 1, k + 1
        return min(total, 50.0) if math.isfinite(total) else -1.0

    odd = Op("odd", forward, lambda g, out, x: g * (2.0 * x if x > 0 else -1.0))
    for x in (0.5, -3.0, 40.0, math.inf):
        save(odd(Value(x)), tmp_path / "odd.mjs")
        program = 'import * as m from "./odd.mjs"; console.log(JSON.stringify(m.value_and_gradient('
        found = json.loads(node(tmp_path, program + f"[{x if x < 1e9 else 'Infinity'}])));"))
        if x < 1e9:
            assert found == {"y": [forward(x)], "dx": [2.0 * x if x > 0 else -1.0]}
        else:
            assert found["y"] == [-1.0]


def test_a_function_that_is_no_op_is_refused_by_name():
    y = checkpoint(lambda a: a * a, Value(2.0))
    with pytest.raises(RenderError, match=r"op 'checkpoint.*' cannot be written in js"):
        render(y, "js")
