"""A drawing as text: plotext's braille, with the findings as numbered marks below the axis.

As logged: dots at the lowest and highest value of each column, so that no spike vanishes; smoothed: a line before
them.  Several runs carry their letter along their line, so nothing hangs on colour.  Needs plotext.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import plotext

from descentry.plot.drawing import Drawing, Kind, Line, Panel
from descentry.plot.scale import Scale, log_ticks
from descentry.plot.terminal_axis import axis, bent
from descentry.record.chunk import Floats
from descentry.record.legible import clipped, wrapped

_COLOURS = ("blue+", "orange+", "green+", "magenta+", "cyan+", "red+", "white")
_STRIP_ROWS = 4
_MOST_PIECES = 60
"""Pieces of a broken line that are joined; of more, only the points are drawn."""
_N_LETTERS = 5
_MIN_WIDTH, _MIN_ROWS = 40, 6


def text(drawing: Drawing, width: int = 80, height: int = 14, *, colour: bool = False) -> str:
    """Lines of at most `width` cells that end in a newline; the leading panel has `height` rows.

    `colour` allows ANSI codes; shape, letter and word say the same without them.
    """
    width = max(width, _MIN_WIDTH)
    rows = dict.fromkeys(drawing.panels, _STRIP_ROWS)
    rows[drawing.panels[0]] = max(height, _MIN_ROWS)
    margin = _margin(rows)
    span = _span(drawing)
    lines = list(_head(drawing, width))
    for panel in drawing.panels:
        lines += _panel(drawing, panel, width, rows[panel], margin, span, colour)
    lines += axis(drawing, width, margin, span)
    lines += _said(drawing, width)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _head(drawing: Drawing, width: int) -> Iterator[str]:
    yield from wrapped(drawing.summary or drawing.title, width, 3)
    if len(drawing.runs) > 1:
        yield from (clipped(name, width) for name in drawing.runs)
    yield clipped(_legend(drawing), width)


def _legend(drawing: Drawing) -> str:
    lines = drawing.panels[0].lines
    words = []
    if len(drawing.runs) == 1:
        first = next((line for line in lines if line.kind is not Kind.VALIDATION), None)
        words += (
            [f"⣿ {first.name}" + (f", {drawing.smoothing}" if drawing.smoothing else "")] if first else []
        )
        words += [f"• {line.name}" for line in lines if line.kind is Kind.VALIDATION]
    else:
        words += ["A, B, …: the run" + (f", {drawing.smoothing}" if drawing.smoothing else "")]
        words += ["• validation"] if any(line.kind is Kind.VALIDATION for line in lines) else []
    if any(len(panel.non_finite) for panel in drawing.panels):
        words.append("× NaN or infinite")
    return "  ".join([*words, *(["log scale"] if drawing.panels[0].log else [])])


def _span(drawing: Drawing) -> Scale:
    """The range of x, as logarithms where the axis is logarithmic."""
    x = np.concatenate([line.x for panel in drawing.panels for line in panel.lines]
                       + [panel.non_finite for panel in drawing.panels])  # fmt: skip
    x = bent(x, drawing.x_log)
    x = x[np.isfinite(x)]
    return Scale(float(x.min()), float(x.max())) if len(x) else Scale(0.0, 1.0)


def _values(panel: Panel) -> Scale | None:
    arrays = [a for line in panel.lines for a in (line.y, line.low, line.high) if a is not None]
    values = np.concatenate(arrays) if arrays else np.empty(0)
    values = values[np.isfinite(values)]
    return Scale(float(values.min()), float(values.max()), panel.log) if len(values) else None


def _ticks(scale: Scale | None, rows: int) -> dict[float, str]:
    if scale is None:
        return {}
    n = max(2, rows // 3)
    ticks = log_ticks(scale.low, scale.high, n) if scale.log else scale.ticks(n)
    return {tick: f"{tick:.4g}" for tick in ticks}


def _margin(rows: Mapping[Panel, int]) -> int:
    """Cells that the widest value beside any panel takes, and one."""
    labels = [label for panel, n in rows.items() for label in _ticks(_values(panel), n).values()]
    return max(map(len, labels), default=1) + 1


def _panel(
    drawing: Drawing, panel: Panel, width: int, rows: int, margin: int, span: Scale, colour: bool
) -> Iterator[str]:
    values = _values(panel)
    if panel is not drawing.panels[0]:
        yield clipped(" " * margin + panel.title + (" (log scale)" if panel.log else ""), width)
    if values is None:
        yield " " * margin + "no finite value to draw"
        return
    room = width - margin - 1
    picture = _drawn(drawing, panel, room, rows, span, values, colour)
    ticks = _ticks(values, rows)
    places = np.rint((1 - values.fractions(np.array(list(ticks)))) * (rows - 1)).astype(int)
    labels = dict(zip(places.tolist(), ticks.values(), strict=True))
    for row, line in enumerate(picture):
        yield f"{labels.get(row, ''):>{margin}}{'┤' if row in labels else '│'}{line}"


def _drawn(
    drawing: Drawing, panel: Panel, room: int, rows: int, span: Scale, values: Scale, colour: bool
) -> list[str]:
    """plotext's canvas alone: axes are written by whoever knows round numbers."""
    low, high = (float(end) for end in bent(np.array([values.low, values.high]), panel.log))
    plotext.clear_figure()
    try:
        plotext.theme("clear")
        plotext.limit_size(False, False)
        plotext.plot_size(room, rows)
        plotext.frame(False)
        plotext.xaxes(False, False)
        plotext.yaxes(False, False)
        plotext.xticks([])
        plotext.yticks([])
        plotext.xlim(*_wide(span.low, span.high))
        plotext.ylim(*_wide(low, high))
        for pin in drawing.pins:
            _upright(float(bent(np.array([pin.first]), drawing.x_log)[0]), low, high, rows, span)
        for line in sorted(panel.lines, key=lambda one: one.kind is not Kind.RAW):
            _line(drawing, panel, line, colour)
        for line in panel.lines if len(drawing.runs) > 1 else ():
            if line.kind in (Kind.SMOOTHED, Kind.SOLE):
                _letters(drawing, panel, line, colour)
        built: str = plotext.build()
    finally:
        plotext.clear_figure()
    shown = built if colour else plotext.uncolorize(built)
    return shown.split("\n")[:rows]


def _wide(low: float, high: float) -> tuple[float, float]:
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _upright(x: float, low: float, high: float, rows: int, span: Scale) -> None:
    """A pin: a dotted vertical behind the lines."""
    if math.isfinite(x) and span.low <= x <= span.high:
        low, high = _wide(low, high)
        plotext.scatter([x] * rows, np.linspace(low, high, rows).tolist(), marker="┊", color="gray")


def _line(drawing: Drawing, panel: Panel, line: Line, colour: bool) -> None:
    x = bent(line.x, drawing.x_log)
    tone = _COLOURS[line.run % len(_COLOURS)] if colour else "default"
    marker = "•" if line.kind is Kind.VALIDATION else "braille"
    if line.low is not None and line.high is not None:
        for edge in (line.low, line.high):
            _points(x, bent(edge, panel.log), marker, tone)
    y = bent(line.y, panel.log)
    if line.kind in (Kind.RAW, Kind.VALIDATION):
        _points(x, y, marker, tone)
    else:
        _joined(x, y, tone)


def _letters(drawing: Drawing, panel: Panel, line: Line, colour: bool) -> None:
    """The run's letter, some times along its line."""
    x, y = bent(line.x, drawing.x_log), bent(line.y, panel.log)
    every = max(1, len(x) // _N_LETTERS)
    start = every * (2 * line.run + 1) // (2 * len(drawing.runs))
    tone = _COLOURS[line.run % len(_COLOURS)] if colour else "default"
    _points(x[start::every], y[start::every], chr(ord("A") + line.run), tone)


def _points(x: Floats, y: Floats, marker: str, tone: str) -> None:
    good = np.isfinite(x) & np.isfinite(y)
    if good.any():
        plotext.scatter(x[good].tolist(), y[good].tolist(), marker=marker, color=tone)


def _joined(x: Floats, y: Floats, tone: str) -> None:
    good = np.isfinite(x) & np.isfinite(y)
    pieces = np.split(np.arange(len(x)), np.flatnonzero(~good))
    kept = [piece[good[piece]] for piece in pieces]
    kept = [piece for piece in kept if len(piece)]
    if len(kept) > _MOST_PIECES:
        _points(x, y, "braille", tone)
        return
    for piece in kept:
        plotext.plot(x[piece].tolist(), y[piece].tolist(), marker="braille", color=tone)


def _said(drawing: Drawing, width: int) -> Iterator[str]:
    """The findings in words, a line each."""
    if drawing.pins:
        yield ""
    for pin in drawing.pins:
        yield wrapped(f"{pin.label} {pin.severity} {pin.pattern}: {pin.statement}", width, 1)[0]
