"""Long tables: one point a row, with the name of its series in a cell.

Written by pandas' and polars' `melt`, TensorBoard's and tbparse's data frames, SQL exports: a column called as
in `NAMES`, one called as in `VALUES`, and a step.  Where a column of `RUNS` holds a text, it goes in front of
the name: `train` and `loss` give `train/loss`.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from descentry.record.chunk import Chunk
from descentry.sources.json.values import clean_name
from descentry.sources.loss_names import loss_name
from descentry.sources.merge import merged_by_step, points
from descentry.sources.notes import Notes, quoted
from descentry.sources.numbers import is_unlogged, number
from descentry.sources.rows import bounded, joined

NAMES = ("tag", "metric", "variable", "metric_name", "key", "series", "name")
VALUES = ("value", "metric_value", "scalar")
RUNS = ("run", "run_name", "split")


class Long(NamedTuple):
    """The columns of a long table by index; `run` is None where there is none."""

    name: int
    value: int
    run: int | None

    def series(self, row: Sequence[str]) -> str:
        """The name of the series that a row belongs to, "" where the row does not say."""
        name = _cell(row, self.name)
        run = "" if self.run is None else _cell(row, self.run).strip("./")
        return clean_name(f"{run}/{name}" if run and name else name)


def long_of(names: Sequence[str], first: Sequence[str]) -> Long | None:
    """The columns of a long table, or None for a wide one.  `first`: the first row of values."""
    lower = [name.lower() for name in names]
    name, value, run = (_first_of(words, lower) for words in (NAMES, VALUES, RUNS))
    if name is None or value is None or any(map(loss_name, names)):
        return None
    cell = _cell(first, value)
    is_point = number(cell) is not None or is_unlogged(cell)
    return Long(name, value, run) if is_point and _is_text(_cell(first, name)) else None


def _first_of(words: Sequence[str], names: Sequence[str]) -> int | None:
    return next((names.index(word) for word in words if word in names), None)


def _is_text(cell: str) -> bool:
    return bool(cell) and number(cell) is None


def _cell(row: Sequence[str], i: int) -> str:
    return row[i] if i < len(row) else ""


def point_of(long: Long, row: Sequence[str], at: int, notes: Notes) -> Iterator[tuple[str, float]]:
    """The point of one row, if it has one.  `at`: its line."""
    name, cell = long.series(row), _cell(row, long.value)
    if not name:
        notes.add("bad_line", "a row names no series and was left out", at)
    elif not is_unlogged(cell):
        value = number(cell)
        if value is None:
            notes.add("bad_value", f"`{name}` is {quoted(cell)}, expected a number; kept as NaN", at)
        yield name, math.nan if value is None else value


def merged(chunks: Iterable[Chunk], is_long: Callable[[], bool]) -> Iterator[Chunk]:
    """The chunks as they come, or, where the table turns out to be long, its rows merged by step.

    A long table often holds one series after the other, and must be seen as a whole.
    """
    held: list[Chunk] = []
    for chunk in chunks:
        if is_long():
            held.append(chunk)
        else:
            yield chunk
    if held:
        yield from bounded(_by_step(joined(held)))


def _by_step(chunk: Chunk) -> Chunk:
    """A row for each step in place of one for each point."""
    walls = chunk.wall_times
    series = {
        name: points(chunk.steps[rows], values, None if walls is None else walls[rows])
        for name, (rows, values) in chunk.columns.items()
    }
    rows = merged_by_step(series)
    return Chunk(rows.steps, rows.columns, rows.wall_times, chunk.events, chunk.config)
