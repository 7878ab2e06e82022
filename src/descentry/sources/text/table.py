"""Rows as they come, held as columns until a chunk takes them; the newest row stays open for its own step."""

from itertools import islice
from operator import eq
from typing import Protocol

import numpy as np

from descentry.record.chunk import Chunk, Column, Floats
from descentry.record.event import Event

MAX_SERIES = 512
"""Names of series in one log; text that makes up more is no log of training."""

Points = dict[str, float]


def _is_repeated(points: Points, known: Points) -> bool:
    """Whether all of it is known already; NaN is NaN."""
    return all(
        name in known and (known[name] == value or (value != value and known[name] != known[name]))
        for name, value in points.items()
    )


class Sink(Protocol):
    """Where rows go."""

    def add(self, step: int, points: Points, wall: float, *, is_counted: bool = False) -> None: ...

    def run(
        self,
        steps: list[int],
        columns: dict[str, list[float]],
        walls: list[float],
        *,
        is_counted: bool = False,
    ) -> None: ...


class Table:
    """Collects rows.  Neighbouring lines of one step share a row, unless they repeat a name.

    `is_counted`: the lines say their step, so that one which says what the line before said is printed twice.
    `foreign`: names that a rank has which is not the log's own, and what they are for the log's own lines.
    """

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._walls: list[float] = []
        self._columns: dict[str, tuple[list[int], list[float]]] = {}
        self._open: tuple[int, Points, float] | None = None
        self._names: set[str] = set()
        self.n_refused = 0
        self.n_ranked = 0
        self.n_repeated = 0
        self.foreign: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __len__(self) -> int:
        return len(self._steps) + (self._open is not None)

    def accept(self, name: str) -> bool:
        """Whether the log may have a series of that name."""
        if name not in self._names and len(self._names) >= MAX_SERIES:
            self.n_refused += 1
            return False
        self._names.add(name)
        return True

    def add(self, step: int, points: Points, wall: float, *, is_counted: bool = False) -> None:
        """One line's points."""
        if self.foreign:
            points = {self.foreign.get(name, name): value for name, value in points.items()}
        self.put(step, points, wall, is_counted=is_counted)

    def put(self, step: int, points: Points, wall: float, *, is_counted: bool = False) -> None:
        """Points under their last names; join the open row when it is of the same step and has none of them."""
        if not points.keys() <= self._names:
            points = {name: value for name, value in points.items() if self.accept(name)}
        if self._open is not None:
            at, known, at_wall = self._open
            if at == step and known.keys().isdisjoint(points):
                self._open = (at, {**known, **points}, wall if at_wall != at_wall else at_wall)
                return
            if is_counted and at == step and _is_repeated(points, known):
                self.n_repeated += 1
                return
            self.close()
        self._open = (step, points, wall)

    def close(self) -> None:
        """Ends the open row."""
        if self._open is None:
            return
        step, points, wall = self._open
        self._open = None
        row = len(self._steps)
        self._steps.append(step)
        self._walls.append(wall)
        for name, value in points.items():
            rows, values = self._columns.setdefault(name, ([], []))
            rows.append(row)
            values.append(value)

    def run(
        self,
        steps: list[int],
        columns: dict[str, list[float]],
        walls: list[float],
        *,
        is_counted: bool = False,
    ) -> None:
        """Rows of one shape."""
        if self.foreign:
            columns = {self.foreign.get(name, name): column for name, column in columns.items()}
        self.put_run(steps, columns, walls, is_counted=is_counted)

    def put_run(
        self,
        steps: list[int],
        columns: dict[str, list[float]],
        walls: list[float],
        *,
        is_counted: bool = False,
    ) -> None:
        """Rows under their last names: the first may join the open row, the last stays open."""
        if is_counted and any(map(eq, steps, islice(steps, 1, None))):
            for i, step in enumerate(steps):
                points = {name: column[i] for name, column in columns.items()}
                self.put(step, points, walls[i], is_counted=True)
            return
        first, last = ({name: column[at] for name, column in columns.items()} for at in (0, -1))
        self.put(steps[0], first, walls[0], is_counted=is_counted)
        if len(steps) > 2:
            self._extend(steps[1:-1], {name: column[1:-1] for name, column in columns.items()}, walls[1:-1])
        if len(steps) > 1:
            self.put(steps[-1], last, walls[-1])

    def _extend(self, steps: list[int], columns: dict[str, list[float]], walls: list[float]) -> None:
        """Many rows that all have the same names."""
        self.close()
        start = len(self._steps)
        self._steps.extend(steps)
        self._walls.extend(walls)
        new = range(start, start + len(steps))
        for name, more in columns.items():
            if self.accept(name):
                rows, values = self._columns.setdefault(name, ([], []))
                rows.extend(new)
                values.extend(more)

    def take(self, events: tuple[Event, ...], config: dict[str, object]) -> Chunk:
        """The closed rows as a chunk; the open one stays."""
        walls: Floats | None = np.array(self._walls, np.float64)
        if walls is not None and np.isnan(walls).all():
            walls = None
        columns = {
            name: Column(np.array(rows, np.int64), np.array(values, np.float64))
            for name, (rows, values) in self._columns.items()
        }
        chunk = Chunk(np.array(self._steps, np.int64), columns, walls, events, config)
        self._steps, self._walls, self._columns = [], [], {}
        return chunk
