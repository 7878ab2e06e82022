"""One column of rows with the same names: its numbers, and what stands in their place."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Floats
from descentry.sources.json.oddities import Count, Counts
from descentry.sources.json.rows import JsonRows
from descentry.sources.numbers import floats, is_unlogged, number
from descentry.sources.quantities import spoken


class Place(NamedTuple):
    """Where the rows of a group stand: the line of row 0 (None: the log has no lines), and their indices."""

    line: int | None
    rows: Sequence[int]


class Cells(NamedTuple):
    """One column of one shape: float64[n] values, and where one is (None: everywhere)."""

    values: Floats
    present: NDArray[np.bool_] | None


class Odd(NamedTuple):
    """What stands in place of numbers, by the name of its column."""

    texts: Counts
    flags: Counts
    nulls: Counts
    lists: Counts


def take(
    name: str,
    raw: list[Any],
    columns: dict[str, Cells],
    odd: Odd,
    state: JsonRows,
    place: Place,
) -> bool:
    """Takes one column in; False when only a row-by-row reading does it justice."""
    kinds = set(map(type, raw))
    if kinds <= {float, int}:
        columns[name] = Cells(floats(raw), None)
        return True
    if kinds == {list}:
        _count(odd.lists, name, [True] * len(raw), place)
        return True
    if not kinds <= {float, int, str, bool, type(None)}:
        return False
    spelt: dict[object, float | None] = {x: number(x) for x in {x for x in raw if type(x) is str}}
    values = [spelt[x] if type(x) is str else None if x is True or x is False else x for x in raw]
    is_text = [type(x) is str and spelt[x] is None for x in raw] if None in spelt.values() else []
    is_bare = all(v is None for v in values)
    if any(is_text) and (not is_bare or state.is_numeric(name) or any(map(_is_blank, raw))):
        return False
    if any(is_text) and spoken(raw[is_text.index(True)].strip()) is not None:
        return False
    if bool in kinds and not (is_bare and kinds <= {bool, type(None)}):
        return False
    _count(odd.texts, name, is_text, place)
    if bool in kinds:
        _count(odd.flags, name, [isinstance(x, bool) for x in raw], place)
    if type(None) in kinds:
        _count(odd.nulls, name, [x is None for x in raw], place)
    if not is_bare:
        present = np.array([value is not None for value in values])
        columns[name] = Cells(np.array(values, np.float64), None if present.all() else present)
    return True


def _is_blank(x: object) -> bool:
    return isinstance(x, str) and is_unlogged(x)


def _count(counts: Counts, name: str, where: Sequence[bool], place: Place) -> None:
    n = sum(where)
    if n:
        line = None if place.line is None else place.line + place.rows[where.index(True)]
        counts[name] = Count(line, n)
