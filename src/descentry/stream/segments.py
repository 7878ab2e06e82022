"""Cuts a log where its step goes back: a resume, a rewritten stretch, another attempt."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from descentry.record.chunk import Chunk
from descentry.record.event import Event

MAX_SEGMENTS = 256
"""Logs that go back more often are not resumed but unordered: from then on points stay as they come."""


MAX_TOLD = 50
"""Places at which a log goes back that are told."""
AT_ONCE = "two_writers"
"""A reader that saw two writers at once tells so: their files go back without a resume."""


BACK = "the log goes back here: what it says from this step on is read from the newer rows"
ACROSS = "the log goes back here, to what another writer logged at the same time"


def restart_events(restarts: Sequence[int], events: Collection[Event]) -> list[Event]:
    """What going back to these steps means for who reads of the log, of which these events are told already.

    A run that was read tells it among its own events: then there is nothing to add.  A reader that knows of a resume
    itself says more of it.
    """
    if any(event.message in (BACK, ACROSS) for event in events):
        return []
    message = ACROSS if any(event.kind == AT_ONCE for event in events) else BACK
    known = {event.step for event in events if event.kind == "resume" and event.where is not None}
    return [
        Event("resume", message, where=f"step {step}", step=step)
        for step in restarts[:MAX_TOLD]
        if step not in known
    ]


@dataclass
class Segmenter:
    """Where each series stands.  A new segment starts when a series goes back within the present one.

    A series that first goes back after another one opened the segment belongs to that same segment.
    """

    n_rows: int = 0
    start_row: int = 0
    n_segments: int = 1
    last_step: dict[str, int] = field(default_factory=dict)
    last_row: dict[str, int] = field(default_factory=dict)

    def take_row(self, names: Iterable[str], step: int) -> bool:
        """Note one row of its own; True when it opens a new segment.  The scalar form of `split`."""
        back = False
        for name in names:
            last = self.last_step.get(name)
            back |= last is not None and step < last and self.last_row[name] >= self.start_row
            self.last_step[name] = step
            self.last_row[name] = self.n_rows
        opens = back and self.open_segment(self.n_rows)
        self.n_rows += 1
        return opens

    def open_segment(self, row: int) -> bool:
        """Start a segment at a row of the log; False once there are too many."""
        if self.n_segments >= MAX_SEGMENTS:
            return False
        self.n_segments += 1
        self.start_row = row
        return True

    def split(self, chunk: Chunk) -> Iterator[tuple[Chunk, bool]]:
        """The chunk in pieces, each with whether it opens a new segment."""
        cuts = self._cuts(chunk)
        self.n_rows += chunk.n_rows
        edges = [0, *cuts, chunk.n_rows]
        opens = {*cuts}
        for start, stop in pairwise(edges):
            if stop > start:
                piece = chunk if stop - start == chunk.n_rows else chunk.take(start, stop)
                yield piece, start in opens

    def _cuts(self, chunk: Chunk) -> list[int]:
        """Rows of the chunk at which a new segment starts."""
        backs: list[tuple[int, int]] = []
        falls_at_all = bool((chunk.steps[1:] < chunk.steps[:-1]).any())
        for name, (rows, _values) in chunk.columns.items():
            first, last = int(rows[0]), int(rows[-1])
            step = int(chunk.steps[first])
            if step < self.last_step.get(name, step):
                backs.append((first, self.last_row[name]))
            if falls_at_all:
                falls = np.flatnonzero(np.diff(chunk.steps[rows]) < 0)
                backs += zip(rows[falls + 1].tolist(), (self.n_rows + rows[falls]).tolist(), strict=True)
            self.last_step[name] = int(chunk.steps[last])
            self.last_row[name] = self.n_rows + last
        cuts = []
        for row, row_before in sorted(backs):
            if row_before >= self.start_row and self.open_segment(self.n_rows + row):
                cuts.append(row)
        return cuts
