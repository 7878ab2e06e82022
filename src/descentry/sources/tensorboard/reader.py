"""TensorBoard event files: one file, or a folder whose `events.out.tfevents.*` are one run.

Written by torch's SummaryWriter, tensorboardX, TensorFlow 1 and 2, and what stands on them (accelerate,
Lightning, detectron2).  Consecutive scalars of one step form one row; most values are float32 on disk.  A
histogram is read as the series of its quantiles, `tag/p0` to `tag/p100`; texts and pictures are passed over.
A record that cannot be decoded is skipped and told with its byte; the rest goes on.  A SessionLog START is a
`resume`; steps that it declares void stay in the log, and this is told as `purged`.  The files of a folder are
read in the order of their names, which is that of their times.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from descentry.formats.blocks import Growing, blocks, growing
from descentry.formats.tfevents_points import Points, no_points
from descentry.formats.tfrecord import Records, is_head
from descentry.record.chunk import Chunk, Ints, empty
from descentry.record.errors import InputError, UnreadableError
from descentry.record.event import Event
from descentry.sources.notes import Notes
from descentry.sources.rows import MAX_SERIES, bounded, is_empty, with_events
from descentry.sources.tensorboard.points import EventPoints, Start
from descentry.sources.tensorboard.rows import OpenRows

format = "tensorboard"
can_verify = True

MARK = ".tfevents."
BLOCK = 2 << 20
"""Bytes that are read at once: enough to make much of a pattern, and all of it stays near the processor."""
_PARTS = re.compile(r"([0-9]{1,18})")


def matches(path: Path, head: bytes) -> bool:
    """True for an event file, and for a folder that holds one."""
    if head:
        return is_head(head) and (MARK in path.name or b"brain.Event:" in head[:64])
    return bool(event_files(path))


def event_files(folder: Path) -> list[Path]:
    """The event files right inside a folder, in the order of their names; [] when it is none."""
    try:
        found = [path for path in folder.iterdir() if MARK in path.name and not path.is_symlink()]
        return sorted((path for path in found if path.is_file()), key=_in_time)
    except OSError:
        return []


def _in_time(path: Path) -> list[tuple[int, str]]:
    """Sort key: the name with its numbers as numbers (time, process, counter)."""
    return [
        (int(part), "") if part.isascii() and part.isdigit() else (-1, part)
        for part in _PARTS.split(path.name)
    ]


def read(path: Path, *, verify: bool = False) -> Iterator[Chunk]:
    """The whole log as chunks.  `verify` checks the checksum of every record.  Raises UnreadableError."""
    attempts = Attempts()
    for file in event_files(path) or [path]:
        source = blocks(file, BLOCK)
        decoder = EventFile(file.name, verify=verify, attempts=attempts)
        for block in source:
            yield from bounded(decoder.feed(block))
        yield from bounded(with_events(decoder.end(), source.events))


def follow(path: Path) -> Iterator[Chunk]:
    """The log as it grows; in a folder, files that come later are taken up.  Raises UnreadableError."""
    open_files: dict[Path, tuple[Growing, EventFile]] = {}
    attempts = Attempts()
    is_folder = path.is_dir()
    try:
        while True:
            files = event_files(path) if is_folder else [path]
            _take_up(open_files, files, attempts, is_first=not open_files)
            n_told = 0
            for source, decoder in open_files.values():
                for chunk in _news(source, decoder):
                    n_told += 1
                    yield chunk
            if not n_told:
                yield empty()
    finally:
        for source, _ in open_files.values():
            source.close()


def _take_up(
    open_files: "dict[Path, tuple[Growing, EventFile]]",
    files: list[Path],
    attempts: "Attempts",
    *,
    is_first: bool,
) -> None:
    for file in files:
        if file not in open_files:
            try:
                open_files[file] = growing(file), EventFile(file.name, attempts=attempts)
            except InputError:
                if is_first and len(files) == 1:
                    raise
    if is_first and not files:
        raise UnreadableError("folder", "holds no event files any more", "check the path")


def _news(source: Growing, decoder: "EventFile") -> Iterator[Chunk]:
    """What one file has had since the last visit."""
    for block in source:
        if source.n_restarts != decoder.n_restarts:
            decoder.restart(source.n_restarts)
        chunk = with_events(decoder.feed(block), source.events)
        source.events.clear()
        if not is_empty(chunk):
            yield from bounded(chunk)
        if not block:
            return


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
        return with_events(chunk, self._notes.take())

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
