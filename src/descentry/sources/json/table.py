"""Rows of JSON to columns in one go, where rows of the same names are alike and steps are whole numbers.

Gives exactly what `JsonRows.add` gives row by row, five times as fast, or None where it cannot (objects and lists
within rows are flat once they are `unfolded`).  Rows may be
of several shapes (training and validation rows in turn): each shape is read as a table of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from descentry.record.chunk import Chunk, Column, Floats, Ints, empty
from descentry.sources.json.cells import Cells, Odd, Place, take
from descentry.sources.json.oddities import Count
from descentry.sources.json.row_kinds import is_plain
from descentry.sources.json.rows import JsonRows
from descentry.sources.json.unfolded import is_nested, unfolded
from descentry.sources.numbers import TIME_NAMES, floats, seconds_of, wall_seconds
from descentry.sources.rows import in_order

MAX_SHAPES = 16
N_FIRST = 64
"""Rows that show whether there are more shapes than that, before all are looked at."""
MAX_STEP = 1 << 62

MAX_PARTS = 512
"""Shapes and labels of rows in one piece of a log."""

Row = dict[str, Any]


class Group(NamedTuple):
    """Rows with the same keys: their indices, and by key the value of each."""

    rows: Sequence[int]
    columns: Mapping[str, list[Any]]


Sort = Callable[[Sequence[Row], Sequence[int], int | None], list[Group]]
"""From all rows, the indices of some that have the same keys, and the line of row 0, to groups by their labels."""


class Shape(NamedTuple):
    """Rows with the same keys: their indices, and their columns without step and wall time."""

    rows: Ints
    steps: list[int]
    columns: dict[str, Cells]
    odd: "Odd"
    walls: Floats | None


def as_table(
    rows: Sequence[Row], state: JsonRows, line: int | None = 1, sort: Sort | None = None
) -> Chunk | None:
    """The rows, one a line from `line` (None: the log has no lines), as a chunk; `state` knows of them afterwards.

    `sort` takes rows with the same keys apart by their labels.  None, and nothing known, where it cannot.
    """
    if len(set(map(tuple, rows[:N_FIRST]))) > MAX_SHAPES:
        return None
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(tuple(row), []).append(i)
    if len(groups) > MAX_SHAPES:
        return None
    if sort is None:
        its = [grouped(rows, names, indices) for names, indices in groups.items()]
        return tabled(its, len(rows), state, line)
    its = [part for indices in groups.values() for part in sort(rows, indices, line)]
    if not its:
        return empty()
    if len(its) > MAX_PARTS:
        return None
    its.sort(key=lambda group: group.rows[0])
    return tabled(its, len(rows), state, line)


def grouped(rows: Sequence[Row], names: Iterable[str], indices: Sequence[int]) -> Group:
    """The rows at `indices`, all of which have the same keys, as columns."""
    its = rows if len(indices) == len(rows) else [rows[i] for i in indices]
    return Group(indices, {name: list(map(itemgetter(name), its)) for name in names})


def tabled(groups: Sequence[Group], n_rows: int, state: JsonRows, line: int | None) -> Chunk | None:
    """As `as_table`, for rows that are columns by now; the first group holds the first row."""
    if state.is_of_mmengine:
        return None
    flat = [_flat(group) for group in groups]
    if flat[0] is None:
        return None
    step_name = state.steps.choose(flat[0].columns)
    is_time = dict(state.is_time)
    shapes = []
    for group in flat:
        if group is None:
            return None
        shape = _shape(group, line, step_name, state, is_time)
        if shape is None:
            return None
        shapes.append(shape)
    if sum(len(shape.rows) for shape in shapes) != n_rows:
        shapes, n_rows = _closed_up(shapes)
    return _chunk(shapes, n_rows, step_name or "", state, is_time)


def _flat(group: Group) -> Group | None:
    """The group without objects in its rows; None where these differ."""
    if not is_nested(group.columns):
        return group
    columns = unfolded(group.columns) if is_plain(group.columns) else None
    return Group(group.rows, columns) if columns else None


def _closed_up(shapes: Sequence[Shape]) -> tuple[list[Shape], int]:
    """The shapes with their rows counted without those that are in none, and how many there are."""
    kept = np.sort(np.concatenate([shape.rows for shape in shapes]))
    return [shape._replace(rows=np.searchsorted(kept, shape.rows)) for shape in shapes], len(kept)


def _shape(
    group: Group, line: int | None, step_name: str | None, state: JsonRows, is_time: dict[str, bool]
) -> Shape | None:
    """The table of rows that have the same keys."""
    if step_name is None or state.steps.choose(group.columns) != step_name or not is_plain(group.columns):
        return None
    place = Place(line, group.rows)
    columns: dict[str, Cells] = {}
    odd = Odd({}, {}, {}, {})
    walls: Floats | None = None
    for name, raw in group.columns.items():
        if name == step_name:
            steps = raw
        elif walls is None and name.lower() in TIME_NAMES and _is_time(name, raw, is_time):
            walls = _walls(raw)
        elif not take(name, raw, columns, odd, state, place):
            return None
    if set(map(type, steps)) != {int} or not -MAX_STEP < min(steps) <= max(steps) < MAX_STEP:
        return None
    if not _has_points(columns, len(steps)):
        return None
    return Shape(np.array(group.rows, np.int64), steps, columns, odd, walls)


def _is_time(name: str, raw: list[Any], is_time: dict[str, bool]) -> bool:
    """Whether a column with the name of a time is one; the first value of the log decides."""
    known = next((value for value in raw if value is not None), None)
    if name not in is_time and known is not None:
        is_time[name] = wall_seconds(known) is not None
    return is_time.get(name, False)


def _walls(raw: list[Any]) -> Floats:
    if set(map(type, raw)) <= {int, float}:
        return seconds_of(floats(raw))
    return np.array([np.nan if (at := wall_seconds(x)) is None else at for x in raw], np.float64)


def _has_points(columns: Mapping[str, Cells], n_rows: int) -> bool:
    """Whether every row has a value: one without is no row."""
    some = np.zeros(n_rows, np.bool_)
    for cells in columns.values():
        if cells.present is None:
            return True
        some |= cells.present
    return bool(some.all()) and n_rows > 0


def _chunk(
    shapes: Sequence[Shape], n_rows: int, step_name: str, state: JsonRows, is_time: dict[str, bool]
) -> Chunk | None:
    """The shapes put together in the order of their rows."""
    odd = _all_odd(shapes)
    parts: dict[str, list[Column]] = {}
    steps = np.empty(n_rows, np.int64)
    walls = np.full(n_rows, np.nan)
    for shape in shapes:
        steps[shape.rows] = shape.steps
        if shape.walls is not None:
            walls[shape.rows] = shape.walls
        for name, cells in shape.columns.items():
            where = shape.rows if cells.present is None else shape.rows[cells.present]
            values = cells.values if cells.present is None else cells.values[cells.present]
            parts.setdefault(name, []).append(Column(where, values))
    if (odd.texts.keys() | odd.flags.keys()) & parts.keys() or not state.has_room(parts.keys()):
        return None
    state.saw_table(step_name, int(steps[-1]), n_rows, is_time)
    state.saw_values({name: sum(len(its.rows) for its in pieces) for name, pieces in parts.items()}, *odd)
    columns = {name: in_order(pieces) for name, pieces in parts.items()}
    return Chunk(steps, columns, None if np.isnan(walls).all() else walls)


def _all_odd(shapes: Sequence[Shape]) -> Odd:
    """What is odd in all shapes together, each name with its first line."""
    whole = Odd({}, {}, {}, {})
    for into, parts in zip(whole, zip(*(shape.odd for shape in shapes), strict=True), strict=True):
        for name, more in (item for part in parts for item in part.items()):
            known = into.get(name)
            first = (
                more.line if known is None or None in (known.line, more.line) else min(known.line, more.line)
            )
            into[name] = Count(first, more.n + (0 if known is None else known.n))
    return whole
