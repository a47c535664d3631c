"""Every code block of the documentation does what the page says.

Python blocks of a page run one after the other, as one program; doctests compare what is printed.
Commands of console blocks run in the reader's folder, where blocks that are files have been
written, and print what stands below them (`...` stands for anything).
"""

import doctest
import importlib.util
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
from blocks import Block, blocks, commands
from pluggrad import plugins

ROOT = Path(__file__).parents[2]
# The page that imports other engines is the last: they take a good part of the address space.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES.sort(key=lambda page: page.name == "coming-from.md")
OPTIONS = doctest.ELLIPSIS
EXECUTED = {"python", "console"}
SHOWN = {"toml", "text", "", "bash", "mermaid", "math"}

# What the commands that set up everything from the repository do at their end.
INSTEAD = {"make demo": "pluggrad demo"}
NOT_HERE = {
    "make test": "these are the tests",
    "make docs": "tests of the documentation are no place to build it; make check does",
    "make bench": "takes minutes; the tests of the benchmarks are with them",
    "pip install .": "pluggrad is installed here",
    "pip install '.[all]'": "pluggrad is installed here",
    "pip install '.[svg,testing]'": "pluggrad is installed here",
}


@pytest.fixture(autouse=True)
def plugins_as_before():
    before = {plugin.name for plugin in plugins}
    yield
    for plugin in list(plugins):
        if plugin.name not in before:
            plugins.unregister(plugin.name)


# Programs of other engines, beside ours, run where these are installed.
PEER = re.compile(r"(?:>>> )?(?:import|from) (torch|jax|micrograd)\b")


def run_python(block: Block, names: dict[str, object]) -> None:
    """Run a block as the next part of its page's program."""
    peer = PEER.match(block.text)
    if peer and importlib.util.find_spec(peer[1]) is None:
        return
    if ">>>" not in block.text:
        code = compile("\n" * (block.line - 1) + block.text, str(block.page), "exec")
        exec(code, names)
        return
    test = doctest.DocTestParser().get_doctest(
        block.text, names, str(block), str(block.page), block.line - 1
    )
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    runner.run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    assert not runner.failures, "".join(report)


def run_console(block: Block, environment: dict[str, str]) -> None:
    """Run a block's commands, and compare what they print."""
    checker = doctest.OutputChecker()
    for wanted in commands(block):
        plain = wanted.command.partition("  #")[0].strip()
        if plain in NOT_HERE:
            continue
        done = subprocess.run(
            INSTEAD.get(plain, plain),
            shell=True,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        printed = "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())
        if wanted.output not in ("", "..."):  # no word about what it prints: it has to work
            # How wide a column is depends on what else is installed.
            options = OPTIONS | doctest.NORMALIZE_WHITESPACE
            assert checker.check_output(wanted.output + "\n", printed + "\n", options), (
                f"{block}: $ {plain}\n--- the page says\n{wanted.output}\n--- it prints\n{printed}"
            )
        else:
            assert done.returncode == 0, f"{block}: $ {plain}\n{printed}"


def run_page(page: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what a page says, from its beginning."""
    # A module of its own, so that what a page defines can be pickled as what a program defines can.
    program = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", program)
    names = vars(program)
    for block in blocks(page):
        assert block.language in EXECUTED | SHOWN, f"{block}: {block.language!r} is not executed"
        if block.file:
            path = Path(block.file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            run_python(block, names)
        elif block.language == "console":
            run_console(block, environment)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_does_what_the_page_says(page, reader, monkeypatch):
    run_page(page, reader, monkeypatch)


@pytest.mark.parametrize("name", ["settings.md", "hooks.md"])
def test_the_code_of_a_generated_page_does_what_the_page_says(name, generated, reader, monkeypatch):
    run_page(generated / name, reader, monkeypatch)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\n>>> 1 + 1\n3\n```\n", "Expected:"),
        ("```python\nx = 1 / 0\n```\n", "division by zero"),
        ("```console\n$ echo yes\nno\n```\n", "the page says"),
        ("```console\n$ false\n```\n", "false"),
        ("```console\n$ echo no && false\n...\n```\n", "false"),
        ("```ruby\nputs 1\n```\n", "is not executed"),
    ],
)
def test_a_page_that_is_wrong_fails(text, message, reader, tmp_path, monkeypatch):
    page = tmp_path / "wrong.md"
    page.write_text(text)
    with pytest.raises((AssertionError, ZeroDivisionError), match=message):
        run_page(page, reader, monkeypatch)
