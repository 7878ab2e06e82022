"""Rows to chunks: gathers points one row at a time where a block cannot be read as columns."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from descentry.record.chunk import Chunk, Column, Floats
from descentry.record.event import Event

MAX_ROWS = 65536
MAX_SERIES = 20000
"""Names of series in one log; a log with more is made to exhaust memory."""


class _Series(NamedTuple):
    rows: list[int]
    values: list[float]


class Rows:
    """Collects rows until `chunk` takes them."""

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._walls: list[float] = []
        self._series: dict[str, _Series] = {}
        self._names: set[str] = set()
        self.has_walls = False
        self.n_refused = 0

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, step: int, points: Iterable[tuple[str, float]], wall: float | None = None) -> None:
        """One row.  A name given twice keeps its last value."""
        row = len(self._steps)
        self._steps.append(step)
        self._walls.append(np.nan if wall is None else wall)
        self.has_walls |= wall is not None
        for name, value in points:
            self._put(row, name, value)

    def put_last(self, name: str, value: float) -> bool:
        """Adds a value to the newest row; False when that row has one of that name."""
        row = len(self._steps) - 1
        series = self._series.get(name)
        if series is not None and series.rows and series.rows[-1] == row:
            return False
        self._put(row, name, value)
        return True

    def admits(self, name: str) -> bool:
        """Whether there is, or now is, a series of that name: a log may have `MAX_SERIES`."""
        if name in self._names:
            return True
        if len(self._names) >= MAX_SERIES:
            return False
        self._names.add(name)
        return True

    def _put(self, row: int, name: str, value: float) -> None:
        series = self._series.get(name)
        if series is None:
            if not self.admits(name):
                self.n_refused += 1
                return
            series = self._series[name] = _Series([], [])
        if series.rows and series.rows[-1] == row:
            series.values[-1] = value
            return
        series.rows.append(row)
        series.values.append(value)

    def chunk(self, events: tuple[Event, ...] = (), config: Mapping[str, object] | None = None) -> Chunk:
        """What was collected, as a chunk; the collection starts anew."""
        steps = np.array(self._steps, np.int64)
        walls: Floats | None = np.array(self._walls, np.float64) if self.has_walls else None
        columns = {
            name: Column(np.array(series.rows, np.int64), np.array(series.values, np.float64))
            for name, series in self._series.items()
        }
        if self.n_refused:
            message = f"more than {MAX_SERIES} series: further names are left out"
            events = (*events, Event("too_many_series", message, None, self.n_refused))
        self._steps, self._walls, self._series, self.n_refused = [], [], {}, 0
        return Chunk(steps, columns, walls, events, config or {})


def is_empty(chunk: Chunk) -> bool:
    """Whether a chunk says nothing at all."""
    return not (chunk.n_rows or chunk.events or chunk.config)


def bounded(chunk: Chunk) -> Iterator[Chunk]:
    """The chunk in pieces of at most `MAX_ROWS` rows; nothing when it says nothing."""
    if chunk.n_rows <= MAX_ROWS:
        if not is_empty(chunk):
            yield chunk
        return
    for start in range(0, chunk.n_rows, MAX_ROWS):
        yield chunk.take(start, min(start + MAX_ROWS, chunk.n_rows))


def with_events(chunk: Chunk, events: Iterable[Event]) -> Chunk:
    """The chunk with more events at its front."""
    return Chunk(chunk.steps, chunk.columns, chunk.wall_times, (*events, *chunk.events), chunk.config)


def joined(chunks: Iterable[Chunk]) -> Chunk:
    """Consecutive chunks as one."""
    parts = list(chunks)
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *(part.n_rows for part in parts)])
    columns: dict[str, list[Column]] = {}
    for start, part in zip(starts.tolist(), parts, strict=False):
        for name, column in part.columns.items():
            columns.setdefault(name, []).append(Column(column.rows + start, column.values))
    return Chunk(
        np.concatenate([part.steps for part in parts]) if parts else np.empty(0, np.int64),
        {name: _concatenated(pieces) for name, pieces in columns.items()},
        joined_walls(parts),
        tuple(event for part in parts for event in part.events),
        {key: value for part in parts for key, value in part.config.items()},
    )


def _concatenated(pieces: list[Column]) -> Column:
    return Column(np.concatenate([p.rows for p in pieces]), np.concatenate([p.values for p in pieces]))


def joined_walls(parts: Iterable[Chunk]) -> Floats | None:
    """The wall times of consecutive chunks, NaN where one has none; None when none has any."""
    parts = list(parts)
    if all(part.wall_times is None for part in parts):
        return None
    return np.concatenate(
        [np.full(part.n_rows, np.nan) if part.wall_times is None else part.wall_times for part in parts]
    )


def in_order(pieces: list[Column]) -> Column:
    """Pieces of one series, which have no row in common, as one column."""
    if len(pieces) == 1:
        return pieces[0]
    rows = np.concatenate([piece.rows for piece in pieces])
    order = np.argsort(rows)
    return Column(rows[order], np.concatenate([piece.values for piece in pieces])[order])
