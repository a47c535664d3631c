"""The configuration reference, from `core/config.py` and the installed renderers."""

from __future__ import annotations

import inspect
import json
from dataclasses import MISSING, Field, fields
from typing import Any

from pluggrad import Config, config, plugins
from pluggrad.settings import ENVIRONMENT

from .docstrings import entries, sections, table

# What one might write for each setting: in a file, and in an environment variable.
EXAMPLES: dict[str, tuple[str, str]] = {
    "renderer": ('renderer = "graphviz"', "graphviz"),
    "renderers": ('[tool.pluggrad.renderers.graphviz]\nrankdir = "TB"', ""),
    "disable_plugins": ('disable_plugins = ["slow-ops", "old-*"]', "slow-ops,old-*"),
    "strict_plugins": ("strict_plugins = true", "1"),
    "notebook": ('notebook = "html"', "html"),
    "lost": ('lost = "warn"', "warn"),
}

TOP = """\
# Configuration

{precedence}

Every setting can be given in any of these places. In a file, for one block of
code, for the whole process, and for one call:

```toml
# pyproject.toml
[tool.pluggrad]
renderer = "graphviz"

[tool.pluggrad.renderers.graphviz]
rankdir = "TB"
```

```python
import pluggrad
from pluggrad import Value, render

x = Value(3.0, label="x")
with pluggrad.configured(renderer="text", renderers={{"text": {{"max_nodes": 100}}}}):
    print(render(x * x))

pluggrad.configure(renderer="networkx")  # from here on
pluggrad.configure(renderer=None)  # and back

render(x * x, "text", max_nodes=100)  # an argument comes before all else
```

`pluggrad.toml` has the same content without `tool.pluggrad.` in front of it. An unknown name or a
value of the wrong type raises a [`ConfigError`](../errors.md#configerror), which says where it
stands and what is possible.

## Settings

"""


def page() -> str:
    """Return the page."""
    precedence = (inspect.getdoc(config) or "").partition("\n\n")[2]
    told = entries(sections(Config)["Attributes"])
    parts = [TOP.format(precedence=precedence)]
    parts += [setting(field, told[field.name]) for field in fields(Config)]
    parts.append(
        "## Options of the renderers\n\n"
        "They stand under `renderers.NAME`, and are keywords of `render()` and `save()`.\n\n"
    )
    parts += [renderer(kind) for kind in plugins.renderers.values() if is_built_in(kind)]
    return "".join(parts)


def setting(field: Field[Any], text: str) -> str:
    """Tell one setting."""
    default = field.default
    if default is MISSING:
        default = field.default_factory()  # type: ignore[misc]  # no default: there is a factory
    in_file, in_environment = EXAMPLES.get(field.name) or as_toml(field.name, default)
    table_line = "" if in_file.startswith("[") else "[tool.pluggrad]\n"
    variables = [name for name, key in ENVIRONMENT.items() if key == field.name]
    variable = f"`{variables[0]}={in_environment}`" if variables else "none"
    return (
        f"### `{field.name}`\n\n{text[0].upper()}{text[1:]}\n\n"
        f"- type: `{field.type}`\n- default: `{default!r}`\n- environment variable: {variable}\n\n"
        f"```toml\n{table_line}{in_file}\n```\n\n"
    )


def as_toml(name: str, value: object) -> tuple[str, str]:
    """Write a setting as a line of a file, and as an environment variable has it."""
    text = json.dumps(value)
    return f"{name} = {text}", text.strip('"')


def is_built_in(kind: type[Any]) -> bool:
    """Return whether a renderer comes with pluggrad."""
    return kind.__module__.startswith("pluggrad.")


def renderer(kind: type[Any]) -> str:
    """Tell the options of one renderer."""
    told = sections(kind)
    about: dict[str, str] = {}
    for base in reversed(kind.__mro__):  # an option may be that of a renderer it is derived from
        if base.__doc__:
            about |= entries(sections(base).get("Parameters", ""))
    options = inspect.signature(kind).parameters
    if untold := options.keys() - about.keys():
        raise KeyError(
            f"the docstring of {kind.__name__} says nothing of its option {', '.join(untold)}; "
            "add it under Parameters:"
        )
    rows = (
        (f"`{option.name}`", f"`{option.default!r}`", about[option.name])
        for option in options.values()
    )
    first = told[""].partition("\n\n")[0].replace("\n", " ")
    suffixes = ", ".join(f"`{suffix}`" for suffix in getattr(kind, "suffixes", ()))
    writes = f" Writes {suffixes} files." if suffixes else ""
    return f"### {kind.name}\n\n{first}{writes}\n\n{table(('option', 'default', ''), rows)}\n\n"
