"""A regular block of a long CSV table to series: its rows are put together by the names in their cells."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from descentry.record.chunk import Chunk, Column, Floats, Ints
from descentry.sources.json.values import clean_name
from descentry.sources.tables.csv_block import present
from descentry.sources.tables.csv_grid import Grid
from descentry.sources.tables.csv_long import Long
from descentry.sources.tables.label_parts import Parts

LONGEST_CLEAN = 100
"""Plain names up to this long are clean already."""


class LongBlock(NamedTuple):
    """`chunk`: a row for each point; `n_refused`: points of series for which there is no room."""

    chunk: Chunk
    n_refused: int


def long_block(
    long: Long, grid: Grid, steps: Ints, parts: Parts, admits: Callable[[str], bool]
) -> LongBlock | None:
    """The points of a block; None where a name is missing or no UTF-8.

    `parts`: the rows of this run by what goes in front of their names; `admits`: whether a series has room.
    """
    codes, words = _coded(grid.texts[long.name])
    try:
        names = [word.decode("utf-8").strip() for word in words]
    except UnicodeDecodeError:
        return None
    if not all(names):
        return None
    numbers: dict[str, int] = {}
    series = np.full(len(codes), -1, np.int64)
    for prefix, rows in parts:
        known = np.full(len(names), -2, np.int64)
        used = dict.fromkeys(codes[rows].tolist())
        for code in used:
            known[code] = _number(prefix + names[code], numbers, admits)
        series[rows] = known[codes[rows]]
    is_row = np.zeros(len(codes), bool)
    for _, rows in parts:
        is_row[rows] = True
    kept = np.flatnonzero(is_row & present(grid.values[:, long.value]))
    columns = _columns(list(numbers), series[kept], grid.values[kept, long.value])
    walls = None if grid.walls is None else grid.walls[kept]
    return LongBlock(Chunk(steps[kept], columns, walls), int((series[kept] < 0).sum()))


def every_row(steps: Ints) -> Ints:
    """The rows of a block without labels."""
    return np.arange(len(steps), dtype=np.int64)


def _coded(cells: Sequence[bytes]) -> tuple[Ints, list[bytes]]:
    """Each cell as an index into the different ones, in the order in which they come."""
    words = list(dict.fromkeys(cells))
    index = {word: i for i, word in enumerate(words)}
    return np.array([index[cell] for cell in cells], np.int64), words


def _number(name: str, numbers: dict[str, int], admits: Callable[[str], bool]) -> int:
    """The number of a series in the block, -1 where there is no room for it."""
    is_plain = len(name) <= LONGEST_CLEAN and name.isascii()
    name = name if is_plain else clean_name(name)
    if name not in numbers:
        if not admits(name):
            return -1
        numbers[name] = len(numbers)
    return numbers[name]


def _columns(names: Sequence[str], series: Ints, values: Floats) -> dict[str, Column]:
    """The series of the rows, as they first come."""
    order = np.argsort(series, kind="stable")
    ends = np.flatnonzero(np.diff(series[order])) + 1
    pieces = [rows for rows in np.split(order, ends) if len(rows) and series[rows[0]] >= 0]
    pieces.sort(key=lambda rows: int(rows[0]))
    return {names[int(series[rows[0]])]: Column(rows, values[rows]) for rows in pieces}
