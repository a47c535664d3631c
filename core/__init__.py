"""pluggrad: a scalar autodiff engine whose operations and pictures are plugins."""

from . import func
from .anomaly import detect_anomaly
from .checkpoint import checkpoint
from .compiling import compile
from .config import Config, configure, configured, current_config
from .custom import custom_rule
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
from .explanation import explain
from .func import stop_gradient
from .gradient import grad
from .gradient_hooks import on_gradient
from .graph import Edge, Graph, Node
from .hookspecs import hookimpl
from .op import Op
from .recording import no_grad, scope
from .region import Region
from .registry import Plugin, plugins
from .rendering import draw_dot, render, save
from .value import NOT_RUN, Value

__version__ = "0.1.0"

__all__ = [
    "NOT_RUN",
    "AnomalyError",
    "CompileError",
    "CompileWarning",
    "Config",
    "ConfigError",
    "Edge",
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
    "checkpoint",
    "compile",
    "configure",
    "configured",
    "current_config",
    "custom_rule",
    "detect_anomaly",
    "draw_dot",
    "explain",
    "func",
    "grad",
    "hookimpl",
    "no_grad",
    "on_gradient",
    "plugins",
    "render",
    "save",
    "scope",
    "stop_gradient",
]


def __dir__() -> list[str]:
    """List the public names; the files they come from are none."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]


# Last, when all that a plugin may import from here is there.
plugins.load()
