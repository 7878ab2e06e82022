"""Rows of JSON to columns, all rows of a block at once, whatever names each of them has.

For what is too various for tables: rows of hundreds of shapes, rows without a step, steps that texts spell.  Gives
what `JsonRows.add` gives row by row, three times as fast.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Chunk, Column, Floats, Ints
from descentry.sources.json.leaves import as_number, flat
from descentry.sources.json.row_kinds import is_config
from descentry.sources.json.rows import JsonRows
from descentry.sources.json.scattered_steps import Unclear, logged_steps
from descentry.sources.json.steps import EVAL_WORDS
from descentry.sources.json.values import clean_name
from descentry.sources.numbers import TIME_NAMES, floats, number, wall_seconds
from descentry.sources.words import words

NUMBERS = frozenset({int, float})
NESTED = frozenset({dict, list})
SETTINGS = frozenset({"env_info", "exp_name"})
MEANINGS = (frozenset({"mode", "epoch", "iter"}), frozenset({"epoch", "iter", "step"}))
"""Names that together make a row mean something else, as `JsonRows` knows."""

Row = Mapping[str, Any]


class Items(NamedTuple):
    """The fields of all rows in their order: `names` by number; int64[m] the number of each one's name, and its row;
    its value; bool[m] where that is a number and no text."""

    names: list[str]
    name: Ints
    row: Ints
    values: list[Any]
    is_number: NDArray[np.bool_]


class Rest(NamedTuple):
    """Rows that are no settings, their fields, and their lines (None: the log has no lines)."""

    rows: Sequence[Row]
    items: Items
    lines: Sequence[int] | None


def scattered(rows: Sequence[Row], lines: Sequence[int] | None, state: JsonRows) -> Chunk:
    """The rows as a chunk, with what `state` notes of them."""
    rest = _without_settings(rows, lines, state)
    try:
        chunk = _points(rest, state)
    except Unclear:
        for at, row in enumerate(rest.rows):
            state.add(row, None if rest.lines is None else rest.lines[at])
        return state.chunk()
    told = state.chunk()
    return Chunk(chunk.steps, chunk.columns, chunk.wall_times, told.events, told.config)


def _without_settings(rows: Sequence[Row], lines: Sequence[int] | None, state: JsonRows) -> Rest:
    """The rows that hold values; settings go to the `state`."""
    items = _items(rows)
    is_sure = np.zeros(len(rows), np.bool_)
    if SETTINGS.isdisjoint(items.names):
        is_sure[items.row[items.is_number]] = True
    others = {at for at in np.flatnonzero(~is_sure).tolist() if is_config(rows[at])}
    if not others:
        return Rest(rows, items, lines)
    for at in sorted(others):
        state.configure(rows[at])
    kept = [at for at in range(len(rows)) if at not in others]
    its = [rows[at] for at in kept]
    return Rest(its, _items(its), None if lines is None else [lines[at] for at in kept])


def _items(rows: Sequence[Row]) -> Items:
    keys = list(chain.from_iterable(rows))
    values = list(chain.from_iterable(row.values() for row in rows))
    names = list(dict.fromkeys(keys))
    number = dict(zip(names, range(len(names)), strict=True))
    sizes = np.fromiter(map(len, rows), np.int64, len(rows))
    return Items(
        names,
        np.fromiter(map(number.__getitem__, keys), np.int64, len(keys)),
        np.repeat(np.arange(len(rows)), sizes),
        values,
        np.fromiter(map(NUMBERS.__contains__, map(type, values)), np.bool_, len(values)),
    )


def _flat_items(rows: Sequence[Row], items: Items) -> Items:
    """The leaves of all rows, by names that can be shown.  `items`: the fields of the rows."""
    is_odd = np.array([name != clean_name(name) for name in items.names], np.bool_)[items.name]
    is_odd |= np.fromiter((type(value) in NESTED for value in items.values), np.bool_, len(items.values))
    odd = np.unique(items.row[is_odd]).tolist()
    if not odd:
        return items
    leaves = list(rows)
    for at in odd:
        leaves[at] = dict(flat(rows[at]))
    return _items(leaves)


def _points(its: Rest, state: JsonRows) -> Chunk:
    """The values of the rows.  Raises Unclear, and nothing is known."""
    items = _flat_items(its.rows, its.items)
    if state.is_of_mmengine or any(names <= set(items.names) for names in MEANINGS):
        raise Unclear
    n = len(its.rows)
    logged = logged_steps(items.names, items.name, items.row, items.values, n, state.steps)
    walls, is_wall = _walls(items, n, state)
    # From here on nothing is Unclear any more.
    is_value = ~is_wall
    is_value[logged.items] = False
    values, is_there = _values(items, is_value, its.lines, state)
    is_row = np.zeros(n, np.bool_)
    is_row[items.row[is_there]] = True
    steps = logged.filled(is_row, partial(_has_eval, items, n), its.lines, state.steps)
    columns = _columns(items, values, is_there, np.cumsum(is_row) - 1, state)
    return Chunk(steps[is_row], columns, None if walls is None else walls[is_row])


def _has_eval(items: Items, n: int) -> NDArray[np.bool_]:
    """Which rows hold a field of a validation."""
    is_eval = np.array([not EVAL_WORDS.isdisjoint(words(name)) for name in items.names], np.bool_)
    found = np.zeros(n, np.bool_)
    found[items.row[is_eval[items.name]]] = True
    return found


def _walls(items: Items, n: int, state: JsonRows) -> tuple[Floats | None, NDArray[np.bool_]]:
    """float64[n], NaN where a row tells no time (None: none does), and which items these are.  Raises Unclear."""
    is_wall = np.zeros(len(items.values), np.bool_)
    found = [at for at, name in enumerate(items.names) if name.lower() in TIME_NAMES]
    if len(found) > 1:
        raise Unclear
    if not found:
        return None, is_wall
    where = np.flatnonzero(items.name == found[0])
    raw = [items.values[at] for at in where.tolist()]
    name = items.names[found[0]]
    first = next((value for value in raw if value is not None), None)
    if name not in state.is_time and first is not None:
        state.is_time[name] = wall_seconds(first) is not None
    if not state.is_time.get(name):
        return None, is_wall
    is_wall[where] = True
    walls = np.full(n, np.nan)
    walls[items.row[where]] = [np.nan if (at := wall_seconds(value)) is None else at for value in raw]
    return (None if np.isnan(walls).all() else walls), is_wall


def _values(
    items: Items, is_value: NDArray[np.bool_], lines: Sequence[int] | None, state: JsonRows
) -> tuple[list[Any], NDArray[np.bool_]]:
    """The numbers by item, and which items are one.  What is no number is looked at in the order of the log, with the
    first number of each series, which tells what stood before it."""
    _spell_out(items, is_value)
    is_there = is_value & items.is_number
    where = np.flatnonzero(is_there)
    series, firsts, counts = np.unique(items.name[where], return_index=True, return_counts=True)
    is_told = is_value & ~items.is_number
    if state.has_odd or is_told.any():
        is_told[where[firsts]] = True
        counts -= 1
    values = items.values
    for at in np.flatnonzero(is_told).tolist():
        line = None if lines is None else lines[items.row[at]]
        value = state.value(items.names[items.name[at]], values[at], line)
        if value is not None:
            values[at], is_there[at] = value, True
    for name, count in zip(series.tolist(), counts.tolist(), strict=True):
        state.saw_number(items.names[name], count)
    return values, is_there


def _spell_out(items: Items, is_value: NDArray[np.bool_]) -> None:
    """Puts numbers in place of the texts that spell them."""
    values = items.values
    for at in np.flatnonzero(is_value & ~items.is_number).tolist():
        if type(values[at]) is str and (value := number(values[at])) is not None:
            values[at] = value
            items.is_number[at] = True


def _columns(
    items: Items, values: Sequence[Any], is_there: NDArray[np.bool_], place: Ints, state: JsonRows
) -> dict[str, Column]:
    where = np.flatnonzero(is_there)
    where = where[np.argsort(items.name[where], kind="stable")]
    numbers = _floats([values[at] for at in where.tolist()])
    rows = place[items.row[where]]
    name = items.name[where]
    starts = np.flatnonzero(np.diff(name, prepend=-1))
    series = [items.names[at] for at in name[starts].tolist()]
    spans = list(pairwise([*starts.tolist(), len(where)]))
    columns = {}
    for at in np.argsort(where[starts]).tolist():
        start, end = spans[at]
        if state.rows.admits(series[at]):
            columns[series[at]] = Column(rows[start:end], numbers[start:end])
        else:
            state.rows.n_refused += end - start
    return columns


def _floats(numbers: list[Any]) -> Floats:
    try:
        return floats(numbers)
    except OverflowError:
        return floats(list(map(as_number, numbers)))
