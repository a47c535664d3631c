"""Whatever the labels, scopes and numbers are: strict parsers read all output, and find them."""

import json
import re
import shutil
import subprocess
from xml.etree import ElementTree

import networkx
import pytest
from hypothesis import HealthCheck, given, settings
from pluggrad import Graph, Value, render
from pluggrad.renderers.labels import one_line, xml_text

from .fuzz import graphs, random_labels
from .page.test_html import data_of
from .test_data_formats import strict
from .test_mermaid import mermaid_folder, mermaid_reads, shown

__all__ = ["mermaid_folder"]  # a fixture

fuzzed = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


@fuzzed
@given(graphs())
def test_json_brings_everything_back(value: Value) -> None:
    data = strict(render(value, "json", derivatives=True))
    for node, found in zip(Graph(value).nodes, data["nodes"], strict=True):
        assert found["label"] == node.label
        assert tuple(found["scope"]) == node.scope
        assert same(float(found["data"]), node.data)
        assert (found["grad"] is None) == (node.grad is None)
        assert found["grad"] is None or same(float(found["grad"]), node.grad)


@fuzzed
@given(graphs())
def test_graphml_brings_everything_back(value: Value) -> None:
    read = networkx.parse_graphml(render(value, "graphml", derivatives=True))
    for node in Graph(value).nodes:
        found = read.nodes[node.id]
        assert found["label"] == xml_text(node.label)
        assert found["scope"] == xml_text("/".join(node.scope))
        assert same(found["data"], node.data)


@fuzzed
@given(graphs())
def test_gexf_is_xml_and_has_the_labels(value: Value) -> None:
    root = ElementTree.fromstring(render(value, "gexf", derivatives=True).encode())
    found = [e.get("label") for e in root.iter() if e.tag.endswith("}node")]
    assert found == [xml_text(node.label) for node in Graph(value).nodes]


@fuzzed
@given(graphs())
def test_a_page_has_the_labels_and_nothing_gets_out_of_its_data(value: Value) -> None:
    page = render(value, "html", title="t")
    assert page.count("<script") == page.count("</script") == 2
    data = data_of(page)
    assert {one_line(node.label, 2000) for node in Graph(value).nodes} <= set(data["labels"])


@fuzzed
@given(graphs())
def test_mermaid_has_the_labels_and_one_statement_a_line(value: Value) -> None:
    text = render(value, "mermaid")
    statement = re.compile(
        r'flowchart LR|  (?:n\d+|wrong)(\["[^"]*"\]|\(\["[^"]*"\]\))|  n\d+ --> (\|\d+\| )?n\d+'
        r"|  class(Def)? [\w,]+ [\w#:,-]+"
    )
    assert all(statement.fullmatch(line) for line in text.split("\n"))
    for node in Graph(value).nodes:
        assert one_line(node.label, 40).strip() in shown(text)


@fuzzed
@given(graphs())
def test_latex_balances_and_every_command_is_meant(value: Value) -> None:
    text = render(value, "latex")
    plain = text.replace(r"\{", "").replace(r"\}", "")
    assert plain.count("{") == plain.count("}")
    assert text.count(r"\left") - text.count(r"\left\l") == text.count(r"\right") - text.count(
        r"\right\r"
    )
    assert text.replace("\n", "").isprintable()


def test_graphviz_reads_dot_with_any_label() -> None:
    if shutil.which("dot") is None:
        pytest.skip("Graphviz's dot is not on the PATH")
    labels = random_labels(150)
    total = Value(0.0)
    for label in labels:
        total = total + Value(1.0, label=label)
        total.label = label
    done = subprocess.run(
        ["dot", "-Tdot_json"], input=render(total, "dot").encode(), capture_output=True
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stderr == b""
    read = json.loads(done.stdout)
    assert len(read["objects"]) == len(Graph(total))
    assert len(read["edges"]) == len(Graph(total).edges)


def test_mermaid_itself_reads_any_label(mermaid_folder) -> None:
    labels = random_labels(150)
    texts = [render(Value(1.0, label=label), "mermaid") for label in labels]
    assert mermaid_reads(texts, mermaid_folder) == [
        one_line(label, 40).strip() or "data 1" for label in labels
    ]


KATEX = """
import { readFileSync } from "node:fs";
import katex from "katex";
let failures = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  try { katex.renderToString(text, { displayMode: true, strict: "ignore" }); }
  catch (cause) { failures.push([text, String(cause)]); }
}
console.log(JSON.stringify(failures));
"""


def test_katex_sets_every_formula(mermaid_folder) -> None:
    if not (mermaid_folder / "node_modules" / "katex").is_dir():
        pytest.skip("KaTeX did not come with Mermaid")
    x, y = Value(2.0, label="x1"), Value(3.0, label="alpha")
    shared = ((x - y) / (x * 1e-9)).exp()
    texts = [
        render(one, "latex")
        for one in (
            *(Value(1.0, label=label) + 2.0 for label in random_labels(150)),
            shared * shared + abs(x) ** -y % 3.0 // 2.0,
            x.sqrt().log() - x.relu().sigmoid() + x.maximum(y) - round(x),
            (x * float("inf") + float("nan")).sin(),
        )
    ]
    program = mermaid_folder / "read_formulas.mjs"
    program.write_text(KATEX)
    done = subprocess.run(
        ["node", program], input=json.dumps(texts), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == []
