"""A regular block of a CSV log as series: the fast way, for blocks in which nothing is odd."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from descentry.record.chunk import Column, Floats, Ints
from descentry.sources.numbers import seconds_of, wall_seconds
from descentry.sources.rows import MAX_SERIES
from descentry.sources.tables.csv_block import parsed_block, present, whole_steps, without_columns
from descentry.sources.tables.csv_layout import Layout


class Grid(NamedTuple):
    """float64[rows, columns], wall times, and the cells of the columns that hold texts."""

    values: Floats
    walls: Floats | None
    texts: Mapping[int, list[bytes]]


def grid_of(layout: Layout, data: bytes) -> Grid | None:
    """The block as a grid of numbers; None when the block is not regular.

    Of a long table only the step, the time and the value are looked at.
    """
    skipped = {i for i, column in enumerate(layout.columns) if column.is_text} | layout.labels
    if layout.long is not None:
        skipped = set(range(len(layout))) - {layout.step, layout.wall, layout.long.value}
    if layout.wall is not None and layout.wall_is_text:
        skipped.add(layout.wall)
    if not skipped:
        grid = parsed_block(data, layout.delimiter, len(layout))
        wall = layout.wall
        return None if grid is None else Grid(grid, None if wall is None else seconds_of(grid[:, wall]), {})
    both = without_columns(data, layout.delimiter, len(layout), skipped)
    if both is None:
        return None
    grid, texts = both
    if layout.wall is None:
        return Grid(grid, None, texts)
    if layout.wall not in texts:
        return Grid(grid, seconds_of(grid[:, layout.wall]), texts)
    moments = [wall_seconds(cell.decode("utf-8", "replace")) for cell in texts[layout.wall]]
    return Grid(grid, np.array([np.nan if moment is None else moment for moment in moments]), texts)


def steps_of(layout: Layout, grid: Floats, n_before: int) -> Ints | None:
    """The steps of the rows, or None when one is odd.  Without a column of steps: counted from `n_before`."""
    if layout.step is None:
        return np.arange(n_before, n_before + len(grid), dtype=np.int64)
    return whole_steps(grid[:, layout.step])


def columns_of(layout: Layout, grid: Floats) -> dict[str, Column]:
    """The series of the grid, without step, wall time and text; an empty cell has no row."""
    every = np.arange(len(grid), dtype=np.int64)
    columns = {}
    for i, state in enumerate(layout.columns[:MAX_SERIES]):
        if i in (layout.step, layout.wall) or i in layout.labels or state.is_text:
            continue
        there = present(grid[:, i])
        if there.all():
            columns[state.name] = Column(every, grid[:, i].copy())
        elif there.any():
            rows = np.flatnonzero(there).astype(np.int64)
            columns[state.name] = Column(rows, grid[rows, i])
    return columns


def has_points(columns: Mapping[str, Column], n_rows: int) -> bool:
    """Whether every row has a value: one without is no row."""
    some = np.zeros(n_rows, np.bool_)
    for rows, _ in columns.values():
        if len(rows) == n_rows:
            return True
        some[rows] = True
    return bool(some.all())
