"""Running the checks on renderers: on one, and as a pytest suite over a plugin."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

from pluggrad import PluginError, plugins
from pluggrad.errors import quoted

from .check_renderers import RENDERER_CHECKS, RendererCheck
from .errors import ConformanceError
from .fresh_process import UnreachableError
from .picture import Picture
from .selection import chosen, renderers_of


def check_renderer(
    renderer: str | type[Any],
    *,
    depth: int = 100_000,
    timeout: float | None = None,
    checks: Iterable[RendererCheck] = RENDERER_CHECKS,
    **options: Any,
) -> None:
    """Prove that a renderer keeps the contract, or say in one line where it does not.

    Parameters:
        renderer: its class, which need not be registered, or the name of an installed one.
        depth: the length of the deepest chain to draw.
        timeout: seconds that it may take; by default 1 for each 1,000 nodes, at least 300.
        checks: which checks to run.
        options: the renderer's own.

    Raises:
        ConformanceError: naming the renderer, the graph or label, what is wrong and the remedy.
        RenderError: when no plugin provides a renderer of that name.
        PluginError: for a depth or timeout within which nothing can be drawn.

    Some checks draw in processes of their own, for which the class has to stand at the top of a
    file; where it does not, a UserWarning tells what was not looked at.

    >>> from pluggrad.testing import ConformanceError, check_renderer
    >>> class Inputs:
    ...     name = "inputs"
    ...     def __call__(self, graph):
    ...         return graph.nodes[0].label
    >>> try:
    ...     check_renderer(Inputs)
    ... except ConformanceError as error:
    ...     print(error)
    renderer 'inputs': a graph without nodes: IndexError: tuple index out of range
    """
    _check_limits(depth, timeout)
    kind = plugins.renderer(renderer) if isinstance(renderer, str) else renderer
    picture = Picture(kind, options, depth, timeout)
    reasons = [_run(check, picture) for check in checks]
    for reason in filter(None, reasons):  # once all checks have passed: a failure says more
        warnings.warn(f"renderer {picture.name!r}: {reason}", stacklevel=2)


def renderer_suite(
    which: str | type[Any] | Iterable[type[Any]] | None = None,
    *,
    depth: int = 100_000,
    timeout: float | None = None,
    **options: Any,
) -> Callable[[type[Any], RendererCheck], None]:
    """Make a pytest test that runs every check on every renderer of a plugin.

    Put one line into a test file: `test_renderers = renderer_suite("my-plugin")`. Each renderer and
    check is a test of its own, `test_renderers[csv-small_graphs_are_drawn]`.

    Parameters:
        which: a plugin, a distribution or a renderer by name; a class, or classes; None for all
            that is installed.
        depth: the length of the deepest chain to draw.
        timeout: seconds that it may take; by default 1 for each 1,000 nodes, at least 300.
        options: the renderers' options.

    Raises:
        PluginError: when nothing has that name, or it has no renderers to test; for a depth or
            timeout within which nothing can be drawn.
    """
    import pytest

    _check_limits(depth, timeout)
    kinds = chosen(which, type, renderers_of, "renderers")

    @pytest.mark.parametrize("check", RENDERER_CHECKS, ids=lambda check: check.__name__)
    @pytest.mark.parametrize("kind", kinds, ids=lambda kind: str(kind.name))
    def test_renderer(kind: type[Any], check: RendererCheck) -> None:
        reason = _run(check, Picture(kind, options, depth, timeout))
        if reason:
            pytest.skip(reason)

    suite: Callable[[type[Any], RendererCheck], None] = test_renderer
    return suite


def _check_limits(depth: object, timeout: object) -> None:
    if type(depth) is not int or depth < 1:
        raise PluginError(f"depth is a whole number, 1 at least, not {quoted(depth)}")
    if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
        raise PluginError(f"timeout is a number of seconds, more than 0, not {quoted(timeout)}")


def _run(check: RendererCheck, picture: Picture) -> str | None:
    try:
        return check(picture)
    except UnreachableError as cause:
        return f"not drawn in other processes: {cause}"
    except ConformanceError as error:
        error.check = check.__name__
        raise
