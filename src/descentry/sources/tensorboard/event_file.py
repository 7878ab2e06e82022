"""One event file to rows: what its sessions declare void, what is damaged, and its last row that stays open."""

from dataclasses import replace

import numpy as np

from descentry.formats.tfevents_points import Points, no_points
from descentry.formats.tfrecord import Records
from descentry.record.chunk import Chunk, Ints
from descentry.record.event import Event
from descentry.sources.notes import Notes
from descentry.sources.rows import MAX_SERIES
from descentry.sources.tensorboard.points import EventPoints, Start
from descentry.sources.tensorboard.rows import OpenRows


class Attempts:
    """What the files of one run share: the highest step so far, None before the first."""

    def __init__(self) -> None:
        self.highest: int | None = None

    def voided_to(self, step: int) -> int | None:
        """The last step that a session beginning at `step` declares void, None when there is none."""
        return self.highest if self.highest is not None and self.highest >= step else None

    def take(self, steps: Ints) -> None:
        """Takes up steps in the order of the log: int64[n]."""
        if len(steps):
            last = int(steps.max())
            self.highest = last if self.highest is None else max(self.highest, last)


class EventFile:
    """Bytes of one file to chunks; see `drive.Decoder`.

    The newest row stays open, since more values of its step may follow: it goes out with the next step, at
    `end`, or when `feed` is called with nothing (a follower that sees no more does so).
    """

    def __init__(self, name: str, *, verify: bool = False, attempts: Attempts | None = None) -> None:
        self._name = name
        self._verify = verify
        self._attempts = Attempts() if attempts is None else attempts
        self.restart(0)

    def restart(self, n_restarts: int) -> None:
        """Forgets everything: the file begins anew."""
        self.n_restarts = n_restarts
        self._records = Records()
        self._notes = Notes(self._name)
        self._points = EventPoints(self._notes, verify=self._verify)
        self._rows = OpenRows(self._points.tags.names)

    def feed(self, data: bytes) -> Chunk:
        """The rows of the records that are whole now."""
        batch = self._records.feed(data)
        points = self._points.of(batch)
        self._tell_starts(points, self._points.starts)
        return self._closed(points, all_of_it=not data)

    def end(self) -> Chunk:
        """The last row, and what is to tell at the end of the file."""
        self._records.end()
        if self._records.n_waiting:
            message = "the last record is cut off and was left out"
            self._notes.put(Event("torn_tail", message, self._at(self._records.offset)))
        return self._closed(no_points(), all_of_it=True)

    def _closed(self, points: Points, *, all_of_it: bool) -> Chunk:
        for offset, n_bytes, reason in self._records.damages:
            message = f"a record was left out: {reason}"
            self._notes.put(Event("bad_record", message, f"{self._at(offset)} to {offset + n_bytes}"))
        self._records.damages.clear()
        chunk = self._rows.closed(points, all_of_it=all_of_it)
        n_refused, self._points.tags.n_refused = self._points.tags.n_refused, 0
        if n_refused:
            message = f"more than {MAX_SERIES} series: further names are left out"
            self._notes.put(Event("too_many_series", message, None, n_refused))
        config, self._points.config = self._points.config, {}
        return replace(chunk, events=self._notes.take(), config=config)

    def _tell_starts(self, points: Points, starts: list[Start]) -> None:
        """Tells the sessions that begin among these points, and the steps before them that they declare void."""
        done = 0
        for at, offset, step in starts:
            before = int(np.searchsorted(points.at, at))
            self._attempts.take(points.steps[done:before])
            done = before
            message = f"a session starts at step {step}: the run was begun or resumed"
            self._notes.put(Event("resume", message, self._at(offset), step=step, warning=False))
            last = self._attempts.voided_to(step)
            if last is not None:
                message = (
                    f"a session declares the steps from {step} on void: those to {last} that were logged before "
                    "it are kept, and where it logs a step again its values count"
                )
                self._notes.put(Event("purged", message, self._at(offset), step=step))
        self._attempts.take(points.steps[done:])

    def _at(self, offset: int) -> str:
        return f"{self._name}@byte {offset}"
