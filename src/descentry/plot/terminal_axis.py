"""What stands under a plot in the terminal: the x axis with round numbers, and rows of marks with their bands."""

from collections.abc import Iterator, Sequence

import numpy as np

from descentry.plot.drawing import Drawing
from descentry.plot.scale import Scale, compact
from descentry.record.chunk import Floats
from descentry.record.legible import clipped

_VERTICAL_ROWS = 2
"""Rows of words at resumes, cuts of the learning rate and changes of the data."""


def bent(values: Floats, log: bool) -> Floats:
    """The values as their axis counts them: logarithms on a logarithmic one, NaN where it has no place."""
    if not log:
        return values
    return np.where(values > 0, np.log10(np.where(values > 0, values, 1.0)), np.nan)


def axis(drawing: Drawing, width: int, margin: int, span: Scale) -> Iterator[str]:
    """The x axis, its unit, and rows of marks with bands; `margin` cells stand before each line, `span` is bent."""
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
    known = bent(x, drawing.x_log)
    places: list[int] = np.rint(span.fractions(known[np.isfinite(known)]) * (room - 1)).astype(int).tolist()
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
