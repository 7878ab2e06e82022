"""A piece of a log: what sources yield and the stream consumes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from descentry.record.event import Event

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Column(NamedTuple):
    """The values of one series inside a chunk.

    `rows`: int64[m], strictly increasing indices into the chunk's rows: where the series has a value.
    `values`: float64[m].  NaN means that NaN was logged; a value that was not logged has no row.
    """

    rows: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows of a log, in the log's own order.

    `steps`: int64[n], the step of each row, as logged: it may repeat or go back.
    `columns`: series name -> Column, for series with at least one value here.
    `wall_times`: float64[n] seconds since the epoch, NaN where unknown, or None.
    `events`: what was noticed while reading these rows.
    `config`: settings found in the log (batch size, planned steps, …), plain JSON values.
    An empty chunk (no rows) is normal: a follower yields it when nothing new has come.
    """

    steps: Ints
    columns: Mapping[str, Column]
    wall_times: Floats | None = None
    events: tuple[Event, ...] = ()
    config: Mapping[str, object] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        return len(self.steps)

    def take(self, start: int, stop: int) -> "Chunk":
        """Rows start:stop as a chunk of their own.  Events and config stay with the piece that holds row 0."""
        columns = {}
        for name, (rows, values) in self.columns.items():
            a, b = np.searchsorted(rows, (start, stop))
            if b > a:
                columns[name] = Column(rows[a:b] - start, values[a:b])
        first = start == 0
        return Chunk(
            self.steps[start:stop],
            columns,
            None if self.wall_times is None else self.wall_times[start:stop],
            self.events if first else (),
            self.config if first else {},
        )


def table(steps: Ints, series: Mapping[str, Floats], wall_times: Floats | None = None) -> Chunk:
    """A chunk in which every series has a value in every row.  All arrays have one length."""
    rows = np.arange(len(steps), dtype=np.int64)
    columns = {name: Column(rows, values) for name, values in series.items()} if len(steps) else {}
    return Chunk(steps, columns, wall_times)


def empty(events: tuple[Event, ...] = (), config: Mapping[str, object] | None = None) -> Chunk:
    """A chunk without rows, to carry events or config, or to say that nothing new has come."""
    return Chunk(np.empty(0, np.int64), {}, None, events, config or {})
