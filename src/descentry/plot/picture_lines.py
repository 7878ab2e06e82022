"""Lines of a picture, and the legend that explains them."""

from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from descentry.plot.drawing import Drawing, Kind, Line, Panel
from descentry.plot.look import Look

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_MOST_MARKERS = 40
_MOST_CROSSES = 80
_RAW = {"linewidth": 0.7, "alpha": 0.45}
_STRONG = 1.7


def paint(panel: Panel, axes: Any, look: Look, n_runs: int) -> None:
    """Every line of a panel: as logged behind, smoothed before it, validation on top."""
    order = {Kind.RAW: 2, Kind.SOLE: 3, Kind.SMOOTHED: 4, Kind.VALIDATION: 5}
    for line in panel.lines:
        _envelope(line, axes, look, n_runs, order[line.kind])
        axes.plot(line.x, line.y, zorder=order[line.kind], **_style(line.kind, line.run, look, n_runs, line))
    _crosses(panel, axes, look)
    if not any(np.isfinite(line.y).any() for line in panel.lines):
        axes.text(
            0.5, 0.5, "no finite value to draw", transform=axes.transAxes, ha="center", color=look.faint
        )


def _envelope(line: Line, axes: Any, look: Look, n_runs: int, order: int) -> None:
    """From the lowest to the highest value of each place: a spike of one point is a needle, and stays."""
    if line.low is None or line.high is None:
        return
    colour = _colour(line.kind, line.run, look, n_runs)
    axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.25, linewidth=0, zorder=order - 0.5)
    for edge in (line.low, line.high):
        axes.plot(line.x, edge, color=colour, alpha=0.5, linewidth=0.6, zorder=order - 0.4)


def _colour(kind: Kind, run: int, look: Look, n_runs: int) -> str:
    return look.validation(run, n_runs) if kind is Kind.VALIDATION else look.run(run)


def _style(kind: Kind, run: int, look: Look, n_runs: int, line: Line | None = None) -> dict[str, Any]:
    style: dict[str, Any] = {"color": _colour(kind, run, look, n_runs), "linestyle": look.dash(run)}
    few = line is not None and int(np.isfinite(line.y).sum()) == 1
    if kind is Kind.RAW:
        return {**style, **_RAW, **({"marker": ".", "markersize": 3} if few else {})}
    if kind is not Kind.VALIDATION:
        width = _STRONG if kind is Kind.SMOOTHED else 1.1
        return {**style, "linewidth": width, "marker": "." if few else "", "solid_joinstyle": "round"}
    n = len(line.x) if line is not None else 1
    return {
        **style,
        "linewidth": 1.2,
        "marker": _MARKERS[run % len(_MARKERS)],
        "markersize": 4.5,
        "markeredgecolor": look.paper,
        "markeredgewidth": 0.5,
        "markevery": max(1, n // _MOST_MARKERS),
    }


def _crosses(panel: Panel, axes: Any, look: Look) -> None:
    """A cross on the x axis wherever no number was logged."""
    low, high = axes.get_xlim()
    cells = np.floor((panel.non_finite - low) / (high - low) * _MOST_CROSSES)
    x = panel.non_finite[np.unique(cells, return_index=True)[1]]
    if len(x):
        axes.plot(
            x, np.full(len(x), 0.015), "x", transform=axes.get_xaxis_transform(), color=look.ink, markersize=4.5,
            markeredgewidth=1.1, zorder=6,
        )  # fmt: skip


def entries(drawing: Drawing, look: Look) -> list[tuple[Any, str]]:
    """What the legend says: each line of a single run; with several the runs, then what their lines mean."""
    found = _of_runs(drawing, look) if len(drawing.runs) > 1 else _of_lines(drawing, look)
    if any(len(panel.non_finite) for panel in drawing.panels):
        cross = Line2D([], [], linestyle="", marker="x", color=look.ink, markersize=4.5)
        found.append((cross, "NaN or infinite"))
    return found


def _of_lines(drawing: Drawing, look: Look) -> list[tuple[Any, str]]:
    tails = {
        Kind.RAW: ", as logged",
        Kind.SMOOTHED: f", {drawing.smoothing}",
        Kind.SOLE: "",
        Kind.VALIDATION: "",
    }
    return [
        (Line2D([], [], **_handle(line.kind, line.run, look, 1)), line.name + tails[line.kind])
        for line in drawing.panels[0].lines
    ]


def _handle(kind: Kind, run: int, look: Look, n_runs: int) -> dict[str, Any]:
    style = {**_style(kind, run, look, n_runs), "markevery": None}
    return {**style, "linewidth": 2.5} if kind is Kind.RAW else style


def _of_runs(drawing: Drawing, look: Look) -> list[tuple[Any, str]]:
    runs = [
        (Line2D([], [], color=look.run(i), linestyle=look.dash(i), linewidth=2.0), name)
        for i, name in enumerate(drawing.runs)
    ]
    kinds = {line.kind for panel in drawing.panels for line in panel.lines}
    words = {Kind.RAW: "as logged", Kind.SMOOTHED: drawing.smoothing, Kind.VALIDATION: "validation"}
    for kind, word in words.items():
        if kind in kinds:
            style = {**_handle(kind, 0, look, 2), "color": look.faint, "linestyle": "-"}
            runs.append((Line2D([], [], **style), word))
    return runs
