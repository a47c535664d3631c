"""The page of examples, from the programs themselves."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "examples"
TOP = """\
# Examples

Short programs to read, run and change. Each runs from pluggrad's folder and ends with a picture
or a table; the tests run all of them.

"""


def programs() -> list[Path]:
    """Return the programs; other files in the folder are what they share."""
    return [
        path
        for path in sorted(FOLDER.glob("*.py"))
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    ]


def page() -> str:
    """Return the page."""
    return TOP + "".join(map(section, programs()))


def section(path: Path) -> str:
    """Tell one program: what it is, how to run it, and its source."""
    source = path.read_text(encoding="utf-8")
    told = inspect.cleandoc(ast.get_docstring(ast.parse(source)) or "")
    first, _, rest = told.partition("\n\n")
    run = re.search(r"^ *(python examples/.*)$", rest, re.MULTILINE)
    command = run[1] if run else f"python examples/{path.name}"
    about = rest.replace(run[0], "", 1).strip() if run else rest
    program = source.partition('"""\n')[2].partition('"""\n')[2].strip()
    return (
        f"## {path.stem}\n\n{first}\n\n```console\n$ {command}\n```\n\n{about}\n\n"
        f"<details><summary>The program</summary>\n\n```python\n{program}\n```\n\n</details>\n\n"
    )
