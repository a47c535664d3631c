"""The parameters of a function as data, and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import Any

from .fields import DocumentError, Fields

KINDS = {
    kind.name: kind
    for kind in (
        Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.VAR_POSITIONAL,
        Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD,
    )
}  # fmt: skip


def written(function: Callable[..., Any]) -> list[dict[str, Any]] | None:
    """Write down the parameters; None where they are not known, or defaults are no plain things."""
    try:
        parameters = list(signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    if not all(map(_is_plain, parameters)):
        return None
    return [
        {"name": x.name, "kind": x.kind.name}
        | ({} if x.default is Parameter.empty else {"default": x.default})
        for x in parameters
    ]


def read(data: Any, where: str) -> Signature | None:
    """Read what `written` gave.

    Raises:
        DocumentError: where something does not fit.
    """
    if data is None:
        return None
    if type(data) is not list:
        raise DocumentError(f"{where} is not a list")
    found = []
    for i, part in enumerate(data):
        fields = Fields(part, f"{where}[{i}]")
        name, kind = fields.take("name", str), fields.one_of("kind", tuple(KINDS))
        default = Parameter.empty
        if fields.has("default"):
            default = fields.take("default", bool, int, float, str, type(None))
        fields.end()
        found.append((name, KINDS[kind], default))
    try:
        return Signature([Parameter(name, kind, default=x) for name, kind, x in found])
    except ValueError as cause:
        raise DocumentError(f"{where}: {cause}") from cause


def _is_plain(x: Parameter) -> bool:
    default = x.default
    if type(default) is float:
        return math.isfinite(default)
    return default is Parameter.empty or default is None or type(default) in (bool, int, str)
