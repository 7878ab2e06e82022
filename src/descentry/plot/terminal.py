"""A drawing as text: plotext's braille, with the findings as numbered marks below the axis.

As logged: dots at the lowest and highest value of each column, so that no spike vanishes; smoothed: a line before
them.  Several runs carry their letter along their line, so nothing hangs on colour.  Needs plotext.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import plotext

from descentry.plot.drawing import Drawing, Kind, Line, Panel
from descentry.plot.scale import Scale, compact, log_ticks
from descentry.record.chunk import Floats
from descentry.record.legible import clipped, wrapped

_COLOURS = ("blue+", "orange+", "green+", "magenta+", "cyan+", "red+", "white")
_STRIP_ROWS = 4
_MOST_PIECES = 60
"""Pieces of a broken line that are joined; of more, only the points are drawn."""
_N_LETTERS = 5
_MIN_WIDTH, _MIN_ROWS = 40, 6
_VERTICAL_ROWS = 2


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
    lines += _axis(drawing, width, margin, span)
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
    x = _bent(x, drawing.x_log)
    x = x[np.isfinite(x)]
    return Scale(float(x.min()), float(x.max())) if len(x) else Scale(0.0, 1.0)


def _bent(values: Floats, log: bool) -> Floats:
    if not log:
        return values
    return np.where(values > 0, np.log10(np.where(values > 0, values, 1.0)), np.nan)


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
    low, high = (float(end) for end in _bent(np.array([values.low, values.high]), panel.log))
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
            _upright(float(_bent(np.array([pin.first]), drawing.x_log)[0]), low, high, rows, span)
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
    x = _bent(line.x, drawing.x_log)
    tone = _COLOURS[line.run % len(_COLOURS)] if colour else "default"
    marker = "•" if line.kind is Kind.VALIDATION else "braille"
    if line.low is not None and line.high is not None:
        for edge in (line.low, line.high):
            _points(x, _bent(edge, panel.log), marker, tone)
    y = _bent(line.y, panel.log)
    if line.kind in (Kind.RAW, Kind.VALIDATION):
        _points(x, y, marker, tone)
    else:
        _joined(x, y, tone)


def _letters(drawing: Drawing, panel: Panel, line: Line, colour: bool) -> None:
    """The run's letter, some times along its line."""
    x, y = _bent(line.x, drawing.x_log), _bent(line.y, panel.log)
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


def _axis(drawing: Drawing, width: int, margin: int, span: Scale) -> Iterator[str]:
    """The x axis with round numbers, its unit, and rows of marks with bands."""
    room = width - margin - 1
    line, words, free = ["─"] * room, [" "] * room, 0
    for x in _cells(np.concatenate([panel.non_finite for panel in drawing.panels]), drawing, span, room):
        line[x] = "×"
    known = Scale(10**span.low, 10**span.high, log=True) if drawing.x_log else span
    for tick in known.ticks(max(2, room // 9)):
        (cell,) = _cells(np.array([tick]), drawing, span, room) or [-1]
        label = compact(tick)
        start = min(max(cell - len(label) // 2, 0), room - len(label))
        if cell >= 0 and start >= free:
            words[start : start + len(label)] = label
            line[cell] = "┬" if line[cell] == "─" else line[cell]
            free = start + len(label) + 1
    yield " " * margin + "└" + "".join(line)
    unit = clipped(drawing.x_label, room)
    inline = free + len(unit) + 1 <= room
    if inline:
        words[room - len(unit) :] = unit
    yield " " * (margin + 1) + "".join(words)
    yield from () if inline else (" " * (margin + 1) + f"{unit:>{room}}",)
    found = sorted((pin.first, pin.last, pin.label) for pin in drawing.pins)
    done = sorted((one.x, one.x, one.label) for one in drawing.verticals)
    for row in (*_rows(found, drawing, span, room), *_rows(done, drawing, span, room)[:_VERTICAL_ROWS]):
        yield " " * (margin + 1) + row


def _cells(x: Floats, drawing: Drawing, span: Scale, room: int) -> list[int]:
    bent = _bent(x, drawing.x_log)
    bent = bent[np.isfinite(bent)]
    places: list[int] = np.rint(span.fractions(bent) * (room - 1)).astype(int).tolist()
    return places


def _rows(items: Sequence[tuple[float, float, str]], drawing: Drawing, span: Scale, room: int) -> list[str]:
    """Rows under the axis: each label at its first x and a band to its last, none over another."""
    rows: list[list[str]] = []
    for first, last, label in items:
        cells = _cells(np.array([first, last]), drawing, span, room) or [0]
        n = len(label)
        start = max(min(cells[0], room - n), 0)
        end = min(max(cells[-1] + 1, start + n), room)
        row = next((row for row in rows if not "".join(row[max(start - 1, 0) : end]).strip()), None)
        if row is None:
            row = [" "] * room
            rows.append(row)
        row[start:end] = label + "━" * (end - start - n)
    return ["".join(row) for row in rows]


def _said(drawing: Drawing, width: int) -> Iterator[str]:
    """The findings in words, a line each."""
    if drawing.pins:
        yield ""
    for pin in drawing.pins:
        yield wrapped(f"{pin.label} {pin.severity} {pin.pattern}: {pin.statement}", width, 1)[0]
