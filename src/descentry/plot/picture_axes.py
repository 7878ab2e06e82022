"""Axes of a picture: frame, ranges, round ticks."""

from typing import Any

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from descentry.plot.drawing import Drawing, Panel
from descentry.plot.look import Look
from descentry.plot.scale import compact, log_ticks
from descentry.record.chunk import Floats

_MARGIN = 0.015
_Y_MARGIN = 0.05
_ROUND = (1, 2, 5, 10)
_LEAST, _MOST = -307, 306
"""Powers of ten that a logarithmic axis can end at."""


def dress(axes: Any, look: Look) -> None:
    """Frame, grid and colours; no line above and to the right."""
    axes.set_facecolor(look.paper)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(look.faint)
        axes.spines[side].set_linewidth(0.8)
    axes.grid(True, color=look.grid, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=look.ink, labelsize=8, width=0.8, length=3, which="major")
    axes.tick_params(length=0, which="minor", labelleft=False, labelbottom=False)


def x_range(drawing: Drawing) -> tuple[float, float]:
    """From the first to the last point of any panel, with a little room; some range where there is none."""
    arrays = [line.x for panel in drawing.panels for line in panel.lines]
    arrays += [panel.non_finite for panel in drawing.panels]
    low, high = _ends(np.concatenate(arrays), drawing.x_log)
    if drawing.x_log:
        by = max((high / low) ** _MARGIN, 1.05)
        return low / by, high * by
    room = _MARGIN * (high - low) or 0.5
    return low - room, high + room


def _ends(values: Floats, log: bool) -> tuple[float, float]:
    known = values[np.isfinite(values) & ((values > 0) | (not log))]
    return (float(known.min()), float(known.max())) if len(known) else (1.0, 2.0) if log else (0.0, 1.0)


def x_ticks(axes: Any, span: tuple[float, float], *, log: bool) -> None:
    """The range of x, and round numbers below it."""
    if log:
        axes.set_xscale("log")
    axes.set_xlim(*span)
    axes.xaxis.set_major_locator(FixedLocator(log_ticks(*span, 9)) if log else MaxNLocator(9, steps=_ROUND))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: compact(x)))


def y_ticks(panel: Panel, axes: Any, n: int) -> None:
    """A range around all values, and about `n` round numbers beside it."""
    arrays = [a for line in panel.lines for a in (line.y, line.low, line.high) if a is not None]
    low, high = _ends(np.concatenate(arrays) if arrays else np.empty(0), panel.log)
    if panel.log:
        axes.set_yscale("log")
        ends = np.log10([low, high])
        room = max(_Y_MARGIN * float(np.ptp(ends)), 0.01)
        axes.set_ylim(*np.power(10.0, np.clip([ends[0] - room, ends[1] + room], _LEAST, _MOST)))
        axes.yaxis.set_major_locator(FixedLocator(log_ticks(low, high, n)))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        room = _Y_MARGIN * (high - low) or max(0.05 * abs(high), 1e-12)
        axes.set_ylim(low - room, high + room)
        axes.yaxis.set_major_locator(MaxNLocator(n + 1, steps=_ROUND))
    axes.yaxis.set_major_formatter(FuncFormatter(_value))


def _value(value: float, _: object) -> str:
    """A value in short; the rounding of tick arithmetic does not show."""
    return compact(value) if abs(value) >= 1e5 else f"{value:.5g}".replace("e-0", "e-")
