"""Runs of records that repeat a pattern, as blocks of bytes: every number is a column with a stride.

The bytes of the first period are compared with those of all others where they may not differ (that is, all but
times, steps and numbers); what follows the first difference is left to be read record by record.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from descentry.formats.tfevents_layouts import Layout, Numbers
from descentry.formats.tfevents_points import Points
from descentry.formats.tfrecord import Batch
from descentry.formats.tfrecord_runs import FOOTER, HEADER, Run
from descentry.record.chunk import Ints

Layouts = Mapping[int, list[Layout]]
MOST_PERIODS = 64
"""So many periods of lengths are asked for the same names again: names of one length hide a longer pattern."""
MAX_CYCLES = 1000
LEAST_PERIODS = 8
LEAST_RECORDS = 1000
"""Fewer periods or records are not worth a block."""


class Shape(NamedTuple):
    """Which text of which layout a record has."""

    layout: Layout
    number: int


def run_points(
    batch: Batch, layouts: Layouts, cycles: dict[tuple[int, ...], int]
) -> tuple[list[Points], Ints, Ints]:
    """The points of the runs of a batch, and starts and sizes of all records that they leave, rising.

    `cycles` remembers by lengths how many periods it takes until the names come again.
    """
    parts: list[Points] = []
    left = [(batch.starts, batch.sizes)]
    for run in batch.runs:
        n_done = 0
        is_long = run.n_periods * len(run.sizes) >= LEAST_RECORDS
        cycle = _cycle(batch.data, run, layouts, cycles) if is_long else []
        if cycle:
            times = len(cycle) // len(run.sizes)
            whole = Run(run.at, run.n_periods // times, run.sizes * times)
            block = _Block(batch.data, whole, cycle)
            parts.append(block.points())
            n_done = block.n * times
        if n_done < run.n_periods:
            left.append(run.payloads(n_done))
    starts, sizes = (np.concatenate(columns) for columns in zip(*left, strict=True))
    order = np.argsort(starts, kind="stable")
    return parts, starts[order], sizes[order]


def _cycle(data: bytes, run: Run, layouts: Layouts, cycles: dict[tuple[int, ...], int]) -> list[Shape]:
    """The shapes of the records until they come again; [] when one is unknown or they do not."""
    known = cycles.get(run.sizes, 1)
    n_shapes = len(run.sizes)
    shapes: list[Shape] = []
    offsets = run.offsets()
    for period in range(min(run.n_periods, 2 * MOST_PERIODS)):
        for offset, size in zip(offsets, run.sizes, strict=True):
            start = run.at + period * run.stride + offset + HEADER
            shape = shape_of(data[start : start + size], layouts.get(size, []))
            if shape is None:
                return []
            shapes.append(shape)
        n = (period + 1) // 2
        if period + 1 == 2 * known and shapes[: known * n_shapes] == shapes[known * n_shapes :]:
            break
        if n > known and (period + 1) % 2 == 0 and shapes[: n * n_shapes] == shapes[n * n_shapes :]:
            if len(cycles) < MAX_CYCLES:
                cycles[run.sizes] = n
            known = n
            break
    else:
        return []
    return shapes[: known * n_shapes] if run.n_periods // known >= LEAST_PERIODS else []


def shape_of(payload: bytes, layouts: Sequence[Layout]) -> Shape | None:
    """The shape of a payload among the layouts of its size, or None."""
    for layout in layouts:
        number = layout.shape(payload)
        if number is not None:
            return Shape(layout, number)
    return None


class _Block:
    """`n` whole periods of a run whose records have the same shapes in every period."""

    def __init__(self, data: bytes, run: Run, shapes: list[Shape]) -> None:
        self._data, self._run, self._shapes = data, run, shapes
        self.n = self._n_alike()

    def _n_alike(self) -> int:
        """The number of periods until a byte differs that may not."""
        stride = self._run.stride
        rows = np.frombuffer(self._data, np.uint8, self._run.n_periods * stride, self._run.at)
        rows = rows.reshape(self._run.n_periods, stride)
        head, foot = np.zeros(HEADER, np.uint8), np.zeros(FOOTER, np.uint8)
        mask = np.concatenate([part for shape in self._shapes for part in (head, shape.layout.mask, foot)])
        other = rows ^ rows[0]
        other &= mask
        if not other.any():
            return self._run.n_periods
        return int(other.any(axis=1).argmax())

    def points(self) -> Points:
        """All points, in their order."""
        n, stride = self.n, self._run.stride
        tags = [tag for shape in self._shapes for tag in shape.layout.tags(shape.number)]
        n_values = len(tags)
        steps = np.empty((n, n_values), np.int64)
        walls, values = np.empty((n, n_values)), np.empty((n, n_values))
        every = np.empty((n, n_values), np.uint16)
        every[:] = tags
        inside: list[int] = []
        for offset, shape in zip(self._run.offsets(), self._shapes, strict=True):
            place, column = shape.layout.place, len(inside)
            numbers = Numbers(self._data, self._run.at + offset + HEADER, n, stride)
            after = column + len(place.values)
            steps[:, column:after] = numbers.steps(place)[:, None]
            walls[:, column:after] = numbers.floats(place.wall_at, "<f8")[:, None]
            for i, (at, form) in enumerate(place.values):
                values[:, column + i] = numbers.values(at, form)
            inside += [offset + HEADER + at for at, _ in place.values]
        periods = self._run.at + stride * np.arange(n, dtype=np.int64)
        places = periods[:, None] + np.array(inside, np.int64)
        return Points(places.ravel(), every.ravel(), steps.ravel(), walls.ravel(), values.ravel())
