"""The loss curve in braille: envelope, validation marks, pins at the findings, axes.

Every column holds the lowest and the highest value of its steps, so no spike vanishes.  Validation is
drawn as `•`, a pin as `┊` with its label under the axis, steps without a finite value as `×` on the axis.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from descentry.plot.canvas import Canvas
from descentry.plot.scale import Scale, compact, scale_of
from descentry.record.chunk import Floats, Ints
from descentry.record.report import Sketch
from descentry.record.roles import Role

_MAIN = (Role.TRAIN_LOSS, Role.LOSS_PART, Role.OTHER_LOSS, Role.VAL_LOSS, Role.TEST_LOSS, Role.PERPLEXITY)
_BESIDE = (Role.VAL_LOSS, Role.TEST_LOSS)
_MAX_LABEL_ROWS = 3
_NOISY_DOTS = 4
"""An envelope usually taller than this is drawn in every other dot, so that the level shows through it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to point at: a short label, from `first_step` to `last_step` (None: to the end)."""

    label: str
    first_step: int
    last_step: int | None


@dataclass(frozen=True, slots=True)
class _Columns:
    """A sketch by dot column, each array of one length; NaN where the column has no finite value."""

    low: Floats
    high: Floats
    level: Floats
    n_bad: Ints


def draw(sketches: Sequence[Sketch], marks: Sequence[Mark], width: int, height: int) -> list[str]:
    """Lines of at most `width` cells: a legend, `height` rows of curve, the axis, labels of `marks`.

    The training loss leads, the validation loss stands beside it; without a loss, the first sketch leads.
    An empty list where there is nothing to draw.
    """
    main, beside = _chosen(sketches)
    shown = [sketch for sketch in (main, beside) if sketch is not None and len(sketch.steps)]
    if main is None or not shown:
        return []
    values = scale_of([array for sketch in shown for array in (sketch.low, sketch.high, sketch.values)])
    if values is None:
        return [f"{main.name}: no finite value to draw"]
    labels = _value_labels(values, height)
    margin = max(map(len, labels.values())) + 2
    canvas = Canvas(max(width - margin - 1, 8), height)
    steps = _step_scale(shown)
    bad = _paint(canvas, steps, values, main, beside)
    for mark in marks:
        canvas.pin(_column(steps, mark.first_step, canvas), "┊")
    rows = [f"{labels.get(row, ''):>{margin - 1}} {'┤' if row in labels else '│'}{line}".rstrip()
            for row, line in enumerate(canvas.lines())]  # fmt: skip
    indent = " " * margin
    below = [indent + line for line in (*_step_axis(steps, canvas, bad), *_labels(steps, canvas, marks))]
    return [_legend(main, beside, values, bad)[:width], *rows, *below]


def _chosen(sketches: Sequence[Sketch]) -> tuple[Sketch | None, Sketch | None]:
    main = _first(sketches, _MAIN) or (sketches[0] if sketches else None)
    beside = _first(sketches, _BESIDE)
    return main, None if beside is main else beside


def _first(sketches: Sequence[Sketch], roles: Sequence[Role]) -> Sketch | None:
    by_role = {sketch.role: sketch for sketch in reversed(sketches) if len(sketch.steps)}
    return next((by_role[role] for role in roles if role in by_role), None)


def _legend(main: Sketch, beside: Sketch | None, values: Scale, bad: Sequence[bool]) -> str:
    parts = [f"⣿ {main.name}"]
    if beside is not None:
        parts.append(f"• {beside.name}")
    if any(bad):
        parts.append("× not a finite number")
    if values.log:
        parts.append("log scale")
    return "  ".join(parts)


def _step_scale(shown: Sequence[Sketch]) -> Scale:
    return Scale(
        min(float(sketch.steps.min()) for sketch in shown),
        max(float(sketch.steps.max()) for sketch in shown),
    )


def _column(steps: Scale, step: float, canvas: Canvas) -> int:
    return int(_dots(steps.fractions(np.array([float(step)])), canvas.n_dots_x)[0])


def _dots(fractions: Floats, n_dots: int) -> Ints:
    return np.rint(fractions * (n_dots - 1)).astype(np.int64)


def _paint(canvas: Canvas, steps: Scale, values: Scale, main: Sketch, beside: Sketch | None) -> list[bool]:
    """Draw both curves; for each cell of the axis, whether the main one has a non-finite block there."""
    columns = _columns(main, steps, canvas.n_dots_x)
    _paint_envelope(canvas, values, columns)
    if beside is not None:
        _paint_marks(canvas, values, _columns(beside, steps, canvas.n_dots_x))
    return [bool(pair.any()) for pair in columns.n_bad.reshape(-1, 2)]


def _columns(sketch: Sketch, steps: Scale, n: int) -> _Columns:
    where = _dots(steps.fractions(sketch.steps.astype(np.float64)), n)
    low, high, total = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n)
    count, n_bad = np.zeros(n, np.int64), np.zeros(n, np.int64)
    finite = np.isfinite(sketch.low) & np.isfinite(sketch.high)
    np.fmin.at(low, where[finite], sketch.low[finite])
    np.fmax.at(high, where[finite], sketch.high[finite])
    np.add.at(count, where[finite], 1)
    np.add.at(n_bad, where[~finite], 1)
    with np.errstate(over="ignore"):  # a mean of values near the largest double may round up to infinity
        np.add.at(total, where[finite], _levels(sketch)[finite] / count[where[finite]])
    return _Columns(low, high, np.where(count > 0, total, np.nan), n_bad)


def _levels(sketch: Sketch) -> Floats:
    """The level of each block; between its extremes where the block has none."""
    known = np.isfinite(sketch.values)
    finite = np.isfinite(sketch.low) & np.isfinite(sketch.high)
    low, high = (np.where(finite, array, 0.0) for array in (sketch.low, sketch.high))
    return np.where(known, sketch.values, low / 2 + high / 2)


def _rows(values: Scale, array: Floats, canvas: Canvas) -> Ints:
    fractions = values.fractions(array)
    return _dots(1 - np.where(np.isnan(fractions), 0.0, fractions), canvas.n_dots_y)


def _paint_envelope(canvas: Canvas, values: Scale, columns: _Columns) -> None:
    top, bottom, level = (
        _rows(values, array, canvas) for array in (columns.high, columns.low, columns.level)
    )
    heights = (bottom - top)[~np.isnan(columns.low)]
    light = len(heights) > 0 and float(np.median(heights)) > _NOISY_DOTS
    last: int | None = None
    for x in np.flatnonzero((columns.n_bad > 0) | ~np.isnan(columns.low)).tolist():
        if np.isnan(columns.low[x]):
            last = None
            continue
        canvas.bar(x, top[x], bottom[x], light=light)
        if last is not None:
            canvas.line(last, level[last], x, level[x])
        last = x


def _paint_marks(canvas: Canvas, values: Scale, columns: _Columns) -> None:
    top, bottom = (_rows(values, array, canvas) for array in (columns.high, columns.low))
    for x in np.flatnonzero(~np.isnan(columns.low)).tolist():
        canvas.glyph(x, top[x], "•")
        canvas.glyph(x, bottom[x], "•")


def _value_labels(values: Scale, height: int) -> dict[int, str]:
    ticks = values.ticks(max(2, height // 3))
    rows = np.rint((1 - values.fractions(np.array(ticks))) * (height - 1)).astype(int).tolist()
    return {row: f"{tick:.4g}" for row, tick in zip(rows, ticks, strict=True)}


def _step_axis(steps: Scale, canvas: Canvas, bad: Sequence[bool]) -> list[str]:
    line = ["×" if flag else "─" for flag in bad]
    words = [" "] * canvas.n_columns
    free = 0
    for tick in steps.ticks(max(2, canvas.n_columns // 9)):
        column = _column(steps, tick, canvas) // 2
        label = compact(tick)
        start = min(max(column - len(label) // 2, 0), len(words) - len(label))
        if start >= free:
            words[start : start + len(label)] = label
            line[column] = "┬" if line[column] == "─" else line[column]
            free = start + len(label) + 1
    if free + 5 <= len(words):
        words[-4:] = "step"
    return ["└" + "".join(line), " " + "".join(words).rstrip()]


def _labels(steps: Scale, canvas: Canvas, marks: Sequence[Mark]) -> list[str]:
    """Rows under the axis: each label at its onset, a band from there to the end; no two on one place."""
    rows: list[list[str]] = []
    for mark in sorted(marks, key=lambda item: item.first_step):
        start = _column(steps, mark.first_step, canvas) // 2
        start = min(start, canvas.n_columns - len(mark.label))
        last = steps.high if mark.last_step is None else mark.last_step
        end = max(_column(steps, last, canvas) // 2 + 1, start + len(mark.label))
        row = next(
            (row for row in rows if row[max(start - 1, 0) : end] == [" "] * (end - max(start - 1, 0))), None
        )
        if row is None:
            if len(rows) == _MAX_LABEL_ROWS:
                continue
            row = [" "] * canvas.n_columns
            rows.append(row)
        row[start:end] = mark.label + "━" * (end - start - len(mark.label))
    return [" " + "".join(row).rstrip() for row in rows]
