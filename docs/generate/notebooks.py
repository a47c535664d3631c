"""Pages of the documentation as notebooks, to download and to run."""

from __future__ import annotations

import doctest
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1]
PAGES = ("course", "teach", "tutorial", "backprop")
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST = "%pip install --quiet 'pluggrad[compile,svg,testing]'"


def files() -> dict[str, str]:
    """Return the notebook of each page."""
    return {f"pages/{name}.ipynb": notebook(DOCS / f"{name}.md") for name in PAGES}


def notebook(page: Path) -> str:
    """Write a page as a notebook: its text, and a cell for each block or example of Python."""
    cells = [code(FIRST), *cells_of(page.read_text(encoding="utf-8"))]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def cells_of(text: str) -> Iterator[dict[str, Any]]:
    """Split a page at its blocks of Python."""
    for number, part in enumerate(PYTHON.split(text)):
        if number % 2 == 0:
            yield from [markdown(part.strip())] if part.strip() else []
        elif ">>>" not in part:
            yield code(part.strip())
        else:
            for example in doctest.DocTestParser().get_examples(part):
                yield code(example.source.strip(), fails=example.exc_msg is not None)


def markdown(text: str) -> dict[str, Any]:
    """Return a cell of text."""
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(text: str, *, fails: bool = False) -> dict[str, Any]:
    """Return a cell of Python; one that is meant to fail says so to whatever runs notebooks."""
    metadata = {"tags": ["raises-exception"]} if fails else {}
    empty: dict[str, Any] = {"execution_count": None, "outputs": []}
    return {"cell_type": "code", "metadata": metadata, "source": text, **empty}
