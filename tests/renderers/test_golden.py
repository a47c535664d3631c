"""Small graphs as files: what renderers write does not change unnoticed, in no process.

    PLUGGRAD_GOLDEN=write python -m pytest tests/renderers/test_golden.py

writes the files anew; look at what changed before committing it.
"""

import hashlib
import json
import os
from pathlib import Path

import pytest
from pluggrad import Value, explain, render, scope

from .hash_seeds import outputs
from .page.test_html import column, data_of

FOLDER = Path(__file__).parent / "golden"


def small() -> Value:
    """A graph whose numbers are exact, so that they are the same on every machine."""
    x, w, b = Value(2.0, label="x1"), Value(-3.0, label="w"), Value(10.0, label="b")
    with scope("layer"), scope("neuron 0"):
        hidden = (x * w + b).relu()
        hidden.label = "h"
    with scope("loss"):
        loss = (hidden - 1.5) ** 2.0 + hidden * hidden / 4.0 - w
    loss.label = "loss"
    loss.backward()
    return loss


def written(name: str) -> str:
    loss = small()
    if name == "explain.txt":
        return f"{explain(loss, loss.prev[1])}\n"
    if name == "page.json":
        data = data_of(render(loss, "html"))
        data["ops"] = [op["name"] for op in data["ops"]]
        data["arrays"] = {key: column(data, key) for key in data["arrays"]}
        return json.dumps(data, indent=1) + "\n"
    kind, _, options = name.partition(".")[0].partition("-")
    return str(render(loss, kind, **({"derivatives": True} if options else {}))).rstrip("\n") + "\n"


NAMES = [
    "json.json",
    "json-derivatives.json",
    "graphml-derivatives.graphml",
    "gexf-derivatives.gexf",
    "text.txt",
    "dot.dot",
    "mermaid.mmd",
    "latex.tex",
    "explain.txt",
    "page.json",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_small_graph_is_written_as_ever(name: str) -> None:
    path = FOLDER / name
    text = written(name)
    if os.environ.get("PLUGGRAD_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


PROGRAM = """
import hashlib, random
from pluggrad import Graph, Value, explain, render, scope
from pluggrad.drawing.rendering import Textual
rng = random.Random(1)
values = [Value(rng.random(), label=f"x{i}") for i in range(9)]
for i in range(120):
    with scope(f"part {i % 7}"):
        a, b = rng.choice(values), rng.choice(values[-5:])
        values.append(rng.choice([a + b, a * b, (a - b).tanh()]))
total = sum(values[-20:])
total.backward()
for name in sorted(Textual.__args__):
    # Which engine of Graphviz draws depends on the machine and on how busy it is; ours does not.
    drawn = render(total, name, **({"engine": "layered"} if name == "svg" else {}))
    print(name, hashlib.sha256(drawn.encode("utf-8", "replace")).hexdigest())
print(hashlib.sha256(str(explain(total, values[0])).encode()).hexdigest())
"""


def test_every_text_is_the_same_under_every_hash_seed() -> None:
    printed = outputs(PROGRAM)
    assert len(printed) == 1
    assert {"html", "json", "latex", "mermaid", "gexf", "graphml", "dot"} <= {
        line.split()[0] for line in printed.pop().splitlines()
    }


def test_the_hash_of_a_page_depends_on_the_graph_alone() -> None:
    hashes = {hashlib.sha256(render(small(), "html").encode()).hexdigest() for _ in range(3)}
    assert len(hashes) == 1
