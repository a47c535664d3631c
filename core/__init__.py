"""pluggrad: a scalar autodiff engine whose operations and pictures are plugins."""

import sys as _sys
from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

from .config import Config, configure, configured, current_config
from .errors import (
    AnomalyError,
    CompileError,
    CompileWarning,
    ConfigError,
    ForwardError,
    GradientError,
    GraphError,
    LostGradientError,
    LostGradientWarning,
    MissingOpError,
    OpError,
    PluggradError,
    PluginError,
    PluginWarning,
    RenderError,
    RuleError,
    StateError,
)
from .gradient import grad
from .graph import Edge, Graph, Node
from .index import show_only as _show_only
from .op import Op
from .recording import no_grad, scope
from .registry import Plugin, hookimpl, plugins
from .value import NOT_RUN, Value

if TYPE_CHECKING:
    from . import func
    from .arrays import ValueArray, values
    from .compiler import compile, load  # pluggrad's own says what it returns
    from .drawing import draw_dot, render, save, widget
    from .func import (
        checkpoint,
        custom_rule,
        from_sympy,
        on_gradient,
        stop_gradient,
        to_sympy,
    )
    from .insight import Film, compare, detect_anomaly, explain, recording_lines
    from .summary import Region
else:
    from .registry.entry_points import compile

__version__ = "0.1.0"

__all__ = [
    "NOT_RUN",
    "AnomalyError",
    "CompileError",
    "CompileWarning",
    "Config",
    "ConfigError",
    "Edge",
    "Film",
    "ForwardError",
    "GradientError",
    "Graph",
    "GraphError",
    "LostGradientError",
    "LostGradientWarning",
    "MissingOpError",
    "Node",
    "Op",
    "OpError",
    "PluggradError",
    "Plugin",
    "PluginError",
    "PluginWarning",
    "Region",
    "RenderError",
    "RuleError",
    "StateError",
    "Value",
    "ValueArray",
    "checkpoint",
    "compare",
    "compile",
    "configure",
    "configured",
    "current_config",
    "custom_rule",
    "detect_anomaly",
    "draw_dot",
    "explain",
    "from_sympy",
    "func",
    "grad",
    "hookimpl",
    "load",
    "no_grad",
    "on_gradient",
    "plugins",
    "recording_lines",
    "render",
    "save",
    "scope",
    "stop_gradient",
    "to_sympy",
    "values",
    "widget",
]


# What stands in a wing is loaded when it is first used.
_IN_WINGS = {
    "arrays": {"ValueArray", "values"},
    "compiler": {"load"},
    "drawing": {"draw_dot", "render", "save", "widget"},
    "func": {"checkpoint", "custom_rule", "from_sympy", "on_gradient", "stop_gradient", "to_sympy"},
    "insight": {"Film", "compare", "detect_anomaly", "explain", "recording_lines"},
    "summary": {"Region"},
}
_WINGS = [*_IN_WINGS, *"codegen copying hints progress settings trace".split()]


def __getattr__(name: str) -> Any:
    """Load the wing that is, or has, a public name."""
    if name in _WINGS:
        return _import_module(f".{name}", __name__)
    for wing, names in _IN_WINGS.items():
        if name in names:
            thing = globals()[name] = getattr(_import_module(f".{wing}", __name__), name)
            return thing
    raise AttributeError(f"module 'pluggrad' has no attribute {name!r}")


_PACKAGES = [*_WINGS, *"cli nn ops printers renderers testing".split()]
_show_only(_sys.modules[__name__], [*__all__, *_PACKAGES])

# Last, when all that a plugin may import from here is there.
plugins.load()
