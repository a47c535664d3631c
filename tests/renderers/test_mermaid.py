"""mermaid: within GitHub's limits, and read back by Mermaid itself where Node is there."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pluggrad import Value, render
from pluggrad.renderers.labels import one_line

from .deep import DEPTH, deep_chain
from .labels import NASTY


def chain(length: int) -> Value:
    x = Value(0.5, label="x")
    for _ in range(length):
        x = x.tanh()
    return x


def shown(text: str) -> str:
    """Undo the entities, as Mermaid does when it draws."""
    return html.unescape(re.sub(r"#(\d+);", r"&#\1;", text))


def test_a_small_graph_is_complete() -> None:
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    text = render(a - b, "mermaid", direction="TB")
    assert text.splitlines()[0] == "flowchart TB"
    assert "n0 --> |1| n2" in text
    assert "n1 --> |2| n2" in text
    assert "left out" not in text


def test_operands_are_not_numbered_where_their_order_does_not_matter() -> None:
    a, b = Value(2.0), Value(3.0)
    assert "|1|" not in render(a * b + a, "mermaid")


@pytest.mark.parametrize("length", [10, 499, 500, 501, 5000, DEPTH])
def test_any_length_of_chain_stays_within_the_limits_and_says_what_is_missing(length: int) -> None:
    text = render(deep_chain() if length == DEPTH else chain(length), "mermaid")
    edges = text.count("-->") + text.count("-.->")
    assert len(text) <= 50_000
    assert edges <= 500
    nodes = len(re.findall(r"^  n\d+[\[(]", text, re.MULTILINE))
    if nodes <= length:
        assert f"{length + 1 - nodes:,} of {length + 1:,} nodes left out" in shown(text)
        assert edges >= 480  # and no more than needed
    else:
        assert "left out" not in text


def test_a_wide_graph_is_cut_at_the_edges_it_may_have() -> None:
    total = sum((Value(float(i)) for i in range(2000)), Value(0.0))
    text = render(total, "mermaid", max_edges=100)
    assert text.count("-->") + text.count("-.->") <= 100


def test_long_labels_are_cut_to_the_text_it_may_have() -> None:
    x = Value(1.0)
    for i in range(300):
        x = x.tanh()
        x.label = f"{i} " + "<" * 60
    assert len(render(x, "mermaid", max_text=5000)) <= 5000


@pytest.mark.parametrize("label", NASTY)
def test_a_label_is_a_quoted_text_that_means_itself(label: str) -> None:
    line = render(Value(1.0, label=label), "mermaid").splitlines()[1]
    assert line.count('"') == 2
    name = line.split('"')[1].partition("<br/>")[0]
    assert not re.search(r"[<>\"\\`:&|{}\[\]]", name)
    assert shown(name) == one_line(label, 40).strip()


# ----- Mermaid itself -----

READER = """
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";
const dom = new JSDOM("<body></body>");
globalThis.window = dom.window;
globalThis.document = dom.window.document;
const { default: mermaid } = await import("mermaid");
mermaid.initialize({ startOnLoad: false });
const found = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  const diagram = await mermaid.mermaidAPI.getDiagramFromText(text);
  const vertices = diagram.db.getVertices();
  found.push([...vertices.values()].map((vertex) => [vertex.id, vertex.text]));
}
console.log(JSON.stringify(found));
"""


@pytest.fixture(scope="session")
def mermaid_folder() -> Path:
    """A folder with the packages mermaid and jsdom; PLUGGRAD_MERMAID names it."""
    folder = os.environ.get("PLUGGRAD_MERMAID", "")
    if shutil.which("node") is None:
        pytest.skip("Node is not there, so Mermaid's own parser cannot run")
    if not (Path(folder) / "node_modules" / "mermaid").is_dir() or not folder:
        pytest.skip(
            "PLUGGRAD_MERMAID names no folder in which `npm install mermaid jsdom` was run, "
            "so Mermaid's own parser cannot run"
        )
    return Path(folder)


def mermaid_reads(texts: list[str], folder: Path) -> list[str]:
    """Return the first line of the first box of each text, as Mermaid understands it."""
    program = folder / "read_labels.mjs"
    program.write_text(READER)
    done = subprocess.run(
        ["node", program], input=json.dumps(texts), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    firsts = [vertices[0][1].partition("<br")[0] for vertices in json.loads(done.stdout)]
    # Mermaid writes entities in its own way until it draws.
    return [
        html.unescape(text.replace("ﬂ°°", "&#").replace("ﬂ°", "&").replace("¶ß", ";"))
        for text in firsts
    ]


def test_mermaid_reads_every_label_as_it_was(mermaid_folder: Path) -> None:
    texts = [render(Value(1.0, label=label), "mermaid") for label in NASTY]
    texts += [render(deep_chain(), "mermaid"), render(Value(2.0) ** Value(3.0), "mermaid")]
    read = mermaid_reads(texts, mermaid_folder)
    assert read[: len(NASTY)] == [one_line(label, 40).strip() for label in NASTY]
