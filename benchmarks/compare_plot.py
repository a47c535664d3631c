"""The table of ratios as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

OURS, THEIRS, INK = "#2b6cb0", "#cbd2d9", "#1f2933"


def plot(columns: Mapping[str, Mapping[str, float | str]], path: Path) -> str:
    """Draw a panel of bars for each workload, on a logarithmic scale; say where, or why not."""
    try:
        import matplotlib
    except ImportError:
        return "no plot: matplotlib is not installed (pip install 'pluggrad[figures]')"
    matplotlib.use("svg")
    from matplotlib import pyplot

    pyplot.rcParams.update({"font.size": 9, "svg.fonttype": "none", "text.color": INK})
    figure, panels = pyplot.subplots(
        1, len(columns), figsize=(3.3 * len(columns), 3.2), squeeze=False, layout="constrained"
    )
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    for panel, (workload, column) in zip(panels[0], columns.items(), strict=True):
        draw(panel, workload, column, names)
    for panel in panels[0][1:]:
        panel.set_yticklabels([])
    figure.suptitle("forward and backward: how many times as long as pluggrad, compiled")
    figure.savefig(path)
    pyplot.close(figure)
    return f"drawn: {path}"


def draw(panel: Any, workload: str, column: Mapping[str, float | str], names: list[str]) -> None:
    """Draw one panel; an engine without a number has the reason in place of its bar."""
    places = range(len(names))
    numbers = [x for x in column.values() if isinstance(x, float)]
    panel.set(xscale="log", xlim=(min(0.5, *numbers) * 0.7, max(10.0, *numbers) * 8.0))
    panel.axvline(1.0, color=INK, linewidth=0.8)
    for y, name in zip(places, names, strict=True):
        ratio = column.get(name, "not in this race")
        if isinstance(ratio, float):
            colour = OURS if name.startswith("pluggrad") else THEIRS
            panel.barh(y, ratio - 1.0, left=1.0, color=colour, height=0.62)
            label = f"{ratio:.1f}" if ratio < 10 else f"{float(f'{ratio:.2g}'):,.0f}"
            panel.text(max(ratio, 1.0) * 1.15, y, label, va="center")
        else:
            panel.text(1.15, y, ratio, va="center", color="#7b8794", fontstyle="italic")
    panel.set_yticks(places, names)
    panel.set_ylim(len(names) - 0.5, -0.7)
    panel.tick_params(length=0, which="both")
    panel.set_title(workload, loc="left", fontweight="bold")
    panel.spines[:].set_visible(False)
    panel.set_xticks([])
    panel.minorticks_off()
