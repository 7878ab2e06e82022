"""Findings and verticals of a picture: shades behind the lines, labels above the panel."""

from collections.abc import Sequence
from typing import Any

from descentry.plot.drawing import Drawing, Pin
from descentry.plot.lanes import Label
from descentry.plot.look import Look

_SHADES = {False: (0.13, 0.05), True: (0.22, 0.1)}
"""Of short and of long bands, on light and on dark ground."""
_LONG = 0.3
"""Bands over a larger share of the width are shaded lightly: they lie over each other."""
_LANE = 0.175
_NAMED_APART = 0.06
"""Share of the width that two named verticals stand apart at least."""
_ROOMY = 1.5
"""Inches of a panel in which a word may stand."""
_MOST_TICKS = 200


def bands(drawing: Drawing, axes: Any, look: Look) -> None:
    """A shade from onset to end of each finding, and a line at its onset."""
    low, high = axes.get_xlim()
    for pin in drawing.pins:
        colour = look.severity(pin.severity)
        if pin.last > pin.first and len(drawing.runs) == 1:
            is_long = bool(pin.last - pin.first > _LONG * (high - low))
            shade = _SHADES[look.dark][is_long]
            axes.axvspan(pin.first, pin.last, color=colour, alpha=shade, linewidth=0, zorder=0.5)
        axes.axvline(pin.first, color=colour, linewidth=0.8, alpha=0.8, linestyle=(0, (4, 3)), zorder=1)


def pins(drawing: Drawing, placed: Sequence[Label], axes: Any, look: Look, width: float, size: float) -> None:
    """Labels in lanes above the panel, each over its onset; ticks at the single events of a finding."""
    height = axes.get_position().height * look.height
    for label in placed:
        pin = drawing.pins[label.index]
        y = 1 + (0.06 + _LANE * label.lane) / height
        axes.text(
            label.start / width, y, label.text, transform=axes.transAxes, fontsize=size, color=look.ink,
            va="bottom", ha="left", bbox=_box(pin, look),
        )  # fmt: skip
    for pin in drawing.pins:
        events = pin.events[:_MOST_TICKS]
        axes.plot(
            events, [1.0] * len(events), linestyle="", marker=7, markersize=4, color=look.severity(pin.severity),
            transform=axes.get_xaxis_transform(), clip_on=False, zorder=6,
        )  # fmt: skip


def _box(pin: Pin, look: Look) -> dict[str, Any]:
    return {"boxstyle": "square,pad=0.12", "facecolor": look.paper, "edgecolor": look.severity(pin.severity),
            "linewidth": 0.8}  # fmt: skip


def verticals(drawing: Drawing, axes: Any, look: Look, *, named: bool) -> None:
    """A thin dotted line at each; its word at the top of the leading panel, where there is room."""
    low, high = axes.get_xlim()
    named = named and axes.get_position().height * look.height >= _ROOMY
    last = -float("inf")
    for one in sorted(drawing.verticals, key=lambda item: item.x):
        axes.axvline(one.x, color=look.faint, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
        if named and one.x - last >= _NAMED_APART * (high - low):
            last = one.x
            axes.annotate(
                one.label, (one.x, 0.97), (-2.5, 0), textcoords="offset points", xycoords=axes.get_xaxis_transform(),
                rotation=90, fontsize=7, color=look.faint, va="top", ha="right", zorder=1,
            )  # fmt: skip
