"""Long tables: one point a row, with the name of its series in a cell.

Written by pandas' and polars' `melt`, TensorBoard's and tbparse's data frames, SQL exports: a column called as
in `long.NAMES`, one called as in `long.VALUES`, and a step.  A split that a row is of goes in
front of the name: `train` and `loss` give `train/loss`.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from descentry.sources.json.values import clean_name
from descentry.sources.long import NAMES, VALUES
from descentry.sources.loss_names import loss_name
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import is_unlogged, number


class Long(NamedTuple):
    """The columns of a long table by index."""

    name: int
    value: int

    def series(self, row: Sequence[str], prefix: str) -> str:
        """The name of the series that a row belongs to, "" where the row does not say."""
        name = _cell(row, self.name)
        return clean_name(prefix + name if name else "")


def long_of(names: Sequence[str], first: Sequence[str]) -> Long | None:
    """The columns of a long table, or None for a wide one.  `first`: the first row of values."""
    lower = [name.lower() for name in names]
    name, value = _first_of(NAMES, lower), _first_of(VALUES, lower)
    if name is None or value is None or any(map(loss_name, names)):
        return None
    cell = _cell(first, value)
    is_point = number(cell) is not None or is_unlogged(cell)
    return Long(name, value) if is_point and _is_text(_cell(first, name)) else None


def _first_of(words: Sequence[str], names: Sequence[str]) -> int | None:
    return next((names.index(word) for word in words if word in names), None)


def _is_text(cell: str) -> bool:
    return bool(cell) and number(cell) is None


def _cell(row: Sequence[str], i: int) -> str:
    return row[i] if i < len(row) else ""


def point_of(
    long: Long, row: Sequence[str], prefix: str, at: int, notes: Notes
) -> Iterator[tuple[str, float]]:
    """The point of one row, if it has one.  `at`: its line."""
    name, cell = long.series(row, prefix), _cell(row, long.value)
    if not name:
        notes.add("bad_line", "a row names no series and was left out", at)
    elif not is_unlogged(cell):
        value = number(cell)
        if value is None:
            notes.add("bad_value", f"`{name}` is {quoted(cell)}, expected a number; kept as NaN", at)
        yield name, math.nan if value is None else value
