"""What was read from a log, as a table: one line per series."""

from collections.abc import Iterator

import numpy as np

from descentry.record.run import Curve, Run
from descentry.report.style import Style
from descentry.report.text import clipped, escaped, n_cells, number, steps, wrapped

_HEAD = ("series", "role", "points", "steps", "first", "last")
_MAX_NAME = 32


def render(run: Run, *, width: int, style: Style) -> str:
    """The series of a run and the warnings of its reader; ends in a newline."""
    head = " · ".join([escaped(run.run), escaped(run.format), f"{len(run.curves)} series"])
    lines = [style.paint(clipped(head, width), "strong"), *_table(run, width)]
    for event in run.events:
        if event.warning:
            place = f"{event.where}: " if event.where else ""
            times = f" ({steps(event.count)} times)" if event.count > 1 else ""
            lines += wrapped(f"warning: {escaped(place + event.message)}{times}", width)
    return "\n".join(lines) + "\n"


def no_loss(run: Run) -> str:
    """One line for a run in which no series is a loss: what there is, and how to name one."""
    names = [escaped(name) for name in run.curves]
    listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    example = _likeliest(names)
    return f"no loss in {run.path} (columns: {listed or 'none'}); name one: --role train_loss={example}"


def _likeliest(names: list[str]) -> str:
    """The name that looks most like a loss, else the last one, else a placeholder."""
    telling = (
        name for word in ("loss", "cost", "error", "nll", "ce") for name in names if word in name.lower()
    )
    return next(telling, names[-1] if names else "NAME")


def _table(run: Run, width: int) -> Iterator[str]:
    rows = [_HEAD, *(_row(curve) for curve in run.curves.values())]
    widths = [max(n_cells(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        cells = [
            cell + " " * (size - n_cells(cell)) if column < 2 else " " * (size - n_cells(cell)) + cell
            for column, (cell, size) in enumerate(zip(row, widths, strict=True))
        ]
        yield clipped(("  " + "  ".join(cells)).rstrip(), width)


def _row(curve: Curve) -> tuple[str, ...]:
    name = clipped(escaped(curve.name), _MAX_NAME)
    role = "-" if curve.role is None else str(curve.role)
    if not len(curve):
        return (name, role, "0", "-", "-", "-")
    extent = f"{steps(int(np.min(curve.steps)))} to {steps(int(np.max(curve.steps)))}"
    first, last = number(float(curve.values[0])), number(float(curve.values[-1]))
    return (name, role, steps(len(curve)), extent, first, last)
