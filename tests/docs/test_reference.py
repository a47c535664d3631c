"""The reference pages leave nothing out."""

import ast
import importlib
import math
import re
import subprocess
import sys
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest
from pluggrad import Config, errors, plugins
from pluggrad.registry import hookspecs
from pluggrad.testing import ConformanceError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import house  # noqa: E402  # knows the folders

PUBLIC = ["pluggrad", *sorted(
    f"pluggrad.{folder}" for folder in ("func", "compiler", "nn", "testing")
    if importlib.util.find_spec(f"pluggrad.{folder}")
)]  # fmt: skip
OPS = [op for plugin in plugins if plugin.name.startswith("pluggrad.") for op in plugin.ops]


def headings(text):
    return re.findall(r"^#+ `?([\w.]+)`?$", text, re.MULTILINE)


def test_every_setting_has_its_section_with_type_default_and_example(generated):
    page = (generated / "settings.md").read_text()
    for field in fields(Config):
        section = page.partition(f"### `{field.name}`\n")[2].partition("\n##")[0]
        for part in (f"- type: `{field.type}`", "- default: `", "```toml"):
            assert part in section, field.name


def test_every_built_in_renderer_has_its_options_in_the_configuration_reference(generated):
    told = headings((generated / "settings.md").read_text())
    built_in = [n for n, k in plugins.renderers.items() if k.__module__.startswith("pluggrad.")]
    assert set(built_in) <= set(told)


def test_every_hook_has_its_section(generated):
    told = headings((generated / "hooks.md").read_text())
    hooks = [name for name in vars(hookspecs) if name.startswith("pluggrad_")]
    assert hooks
    assert told[1:] == hooks or told == hooks


def test_every_subcommand_has_its_section_with_its_options(generated):
    page = (generated / "commands.md").read_text()
    done = subprocess.run(
        [sys.executable, "-m", "pluggrad.cli", "--help"], capture_output=True, text=True, check=True
    )
    listed = re.findall(r"^    ([a-z-]+)", done.stdout.partition("COMMAND\n")[2], re.MULTILINE)
    assert listed
    assert re.findall(r"^## pluggrad (.*)$", page, re.MULTILINE) == listed
    assert "--examples" in page.partition("## pluggrad check")[2].partition("\n## ")[0]


def test_every_example_has_its_section_with_command_and_program(generated):
    page = (generated / "examples.md").read_text()
    for path in (ROOT / "examples").glob("*.py"):
        if '__name__ == "__main__"' in path.read_text():
            section = page.partition(f"## {path.stem}\n")[2].partition("\n## ")[0]
            assert f"$ python examples/{path.name}" in section
            assert path.read_text().rstrip()[-200:] in section


def test_every_op_has_its_section_with_formula_derivative_domain_plot_and_source(generated):
    pages = "".join(path.read_text() for path in (generated / "ops").glob("*.md"))
    for op in OPS:
        section = pages.partition(f"\n## {op.name}\n")[2].partition("\n## ")[0]
        for part in ("Formula", "Derivative", "Rules hold for", "<svg", f'= Op("{op.name}"'):
            assert re.search(rf"{re.escape(part)}", section.replace("Op(\n    ", "Op(")), (
                op.name,
                part,
            )


def test_the_index_of_operations_links_to_each(generated):
    index = (generated / "operations.md").read_text()
    links = re.findall(r"\[`(\w+)`\]", index)
    assert sorted(links) == sorted(op.name for op in OPS)


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_in_the_api_reference(module, generated):
    told = re.findall(
        r"^\.\. (?:auto)?(?:class|function|exception|data|module):: ([\w.]+)",
        (ROOT / "docs" / "api.rst").read_text()
        + "".join(path.read_text() for path in generated.glob("*.txt")),
        re.MULTILINE,
    )
    elsewhere = {"pluggrad.stop_gradient"}
    named = {f"{module}.{name}" for name in importlib.import_module(module).__all__}
    assert named - set(told) - elsewhere == set()


def test_the_api_reference_names_nothing_that_is_not_there():
    text = (ROOT / "docs" / "api.rst").read_text()
    for path in re.findall(r"^\.\. \w+:: (pluggrad[\w.]*)", text, re.MULTILINE):
        module, _, name = path.rpartition(".")
        in_module = module and hasattr(importlib.import_module(module), name)
        assert in_module or importlib.util.find_spec(path), path


def test_every_error_has_its_section():
    told = headings((ROOT / "docs" / "errors.md").read_text())
    classes = [
        k
        for k in vars(errors).values()
        if isinstance(k, type)
        and k.__module__.startswith("pluggrad")
        and not k.__name__.startswith("_")
    ]
    for kind in [*classes, ConformanceError]:
        if kind is not errors.PluggradError:
            assert kind.__name__ in told


# ----- Formulas and plots -----


def test_formulas_are_typeset():
    from generate.operations import typeset

    assert typeset("2 / sqrt(pi) e**-x**2") == "2 / √(π) e<sup>−x<sup>2</sup></sup>"
    assert typeset("b a**(b - 1), a**b log a") == "b a<sup>b − 1</sup>, a<sup>b</sup> log a"


def test_a_plot_has_a_gap_where_the_function_jumps_and_none_where_it_is_steep():
    from generate.plots import unbroken

    assert len(list(unbroken(math.floor, -2.5, 2.5))) == 6
    assert len(list(unbroken(lambda x: math.tanh(1000 * x), -1.0, 1.1))) == 1
    assert len(list(unbroken(lambda x: 1 / x, -1.0, 1.01))) == 2


def test_a_plot_leaves_out_points_on_a_straight_line():
    from generate.plots import bends

    assert bends([(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 0.0)]) == [
        (0.0, 0.0),
        (2.0, 2.0),
        (3.0, 0.0),
    ]


def test_a_plot_follows_a_slow_bend():
    from generate.plots import bends

    line = [(float(x), 50 * math.tanh(x / 40 - 2)) for x in range(161)]
    kept = bends(line)
    assert len(kept) < len(line) / 2
    for (x0, y0), (x1, y1) in pairwise(kept):
        for x, y in line[int(x0) : int(x1) + 1]:
            assert abs(y0 + (y1 - y0) * (x - x0) / (x1 - x0) - y) <= 0.1


def test_pictures_of_a_step_show_only_what_is_known_then(generated):
    first, *_, last = [(generated / f"images/backprop-{i}.svg").read_text() for i in range(5)]
    assert first.count("grad —") == 5
    assert "∂" not in first
    assert last.count("grad —") == 0
    assert last.count("∂") == 5
    assert "grad 0.1966" in last


def docstrings(path):
    """Give the docstrings of a file, without their examples."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            told = ast.get_docstring(node) or ""
            yield re.sub(r"^ *(>>>|\.\.\.).*$", "", told, flags=re.MULTILINE)


def test_no_name_in_backticks_runs_into_a_word():
    """Sphinx takes "`every`th" for a name without an end, and `make docs` fails."""
    sources = [path for folder in house.PACKAGES for path in house.files_of(folder)]
    texts = [text for path in sources for text in docstrings(path)]
    assert len(texts) > 1000
    quoted = re.compile(r"``.+?``|`[^`]+`", re.DOTALL)  # taken in pairs, from the left
    runs = [
        text[found.start() : found.end() + 5]
        for text in texts
        for found in quoted.finditer(text)
        if text[found.end() : found.end() + 1].isalpha()
    ]
    assert runs == []
