"""The curves of a run that is followed, gathered while its chunks go by on their way to the stream."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from descentry.record.chunk import Chunk
from descentry.record.event import Event
from descentry.signal.pyramid import Pyramid
from descentry.sources.protocol import OneRun
from descentry.watch.run import RESTART
from descentry.web.digest import newest

MOST_EVENTS = 1000
"""Remarks of a reader that are kept of one run."""


@dataclass
class Gathered:
    """A reader whose chunks are gathered by series; what it yields is untouched."""

    inner: OneRun
    series: dict[str, Pyramid] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    last_time: float = float("nan")
    n_rows: int = 0
    _last_step: int = -(2**63)
    _is_renewed: bool = False

    @property
    def n_bytes(self) -> int:
        """Memory held."""
        return sum(one.n_bytes for one in self.series.values())

    def read(self, path: Path) -> Iterator[Chunk]:
        """The reader's chunks."""
        return self._heard(self.inner.read(path))

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The reader's chunks; a new call is a log that is read from its start again."""
        self._is_renewed = True
        return self._heard(self.inner.follow(path))

    def _heard(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        for chunk in chunks:
            self._take(chunk)
            yield chunk

    def _take(self, chunk: Chunk) -> None:
        self._is_renewed |= any(event.kind == RESTART for event in chunk.events)
        self.events += chunk.events[: MOST_EVENTS - len(self.events)]
        if not chunk.n_rows:
            return
        if self._is_renewed and int(chunk.steps[0]) <= self._last_step:
            self.series, self.n_rows = {}, 0
        self._is_renewed = False
        self._last_step = int(chunk.steps.max())
        self.n_rows += chunk.n_rows
        self.last_time = newest(chunk.wall_times, self.last_time)
        steps = chunk.steps.astype(np.float64)
        for name, (rows, values) in chunk.columns.items():
            is_whole = len(rows) == chunk.n_rows
            self.series.setdefault(name, Pyramid()).extend(steps if is_whole else steps[rows], values)
