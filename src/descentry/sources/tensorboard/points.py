"""Records of event files to points: runs as blocks, records of one size side by side, the rest one by one.

All three ways say the same of a record: what is read in a block is what was read field by field, with other
numbers (`formats.tfevents_layouts`).  A histogram becomes the series `tag/p0` … `tag/p100` of its quantiles.
"""

import struct
from typing import NamedTuple

import numpy as np

from descentry.formats.proto import BadMessage
from descentry.formats.tfevents import OF_NUMBERS, Event, Kind, Value, event_of
from descentry.formats.tfevents_points import Points, in_order, no_points
from descentry.formats.tfhistograms import quantiles
from descentry.formats.tfrecord import Batch, is_intact
from descentry.formats.tfrecord_runs import HEADER
from descentry.formats.tfrecord_scan import damaged
from descentry.record.chunk import Ints
from descentry.record.event import Event as Noticed
from descentry.sources.notes import Notes, quoted
from descentry.sources.tensorboard.learned import Learned
from descentry.sources.tensorboard.runs import run_points, shape_of
from descentry.sources.tensorboard.tags import Tags

PERCENTS = (0, 5, 25, 50, 75, 95, 100)
_FRACTIONS = np.array(PERCENTS) / 100
MOST_CHECKED = 1000
"""Bad records of which it is told whether the checksum is wrong, too."""
_CRC = struct.Struct("<I")


class Start(NamedTuple):
    """A session that begins: the position of its record in the batch, its offset in the file, its step."""

    at: int
    offset: int
    step: int


MAX_BAD = 100_000
"""Undecodable records of one file after which only records of a known layout are read: the file is no log."""


class EventPoints:
    """Turns batches of one file into points.  What is odd goes to `notes`, with its place."""

    def __init__(self, notes: Notes, *, verify: bool = False) -> None:
        self.tags = Tags()
        self.starts: list[Start] = []
        self._notes = notes
        self._verify = verify
        self._learned = Learned(self.tags)
        self._n_bad = 0
        self._cycles: dict[tuple[int, ...], int] = {}

    def of(self, batch: Batch) -> Points:
        """The points of a batch in the order of the file.  `starts` holds the sessions that begin in it."""
        self.starts = []
        starts, sizes = batch.starts, batch.sizes
        if not (len(starts) or batch.runs):
            return no_points()
        # A NaN may have the bits of a signalling one, which NumPy warns of when it is cast.
        with np.errstate(invalid="ignore", over="ignore"):
            return self._of_payloads(batch, starts, sizes)

    def _of_payloads(self, batch: Batch, starts: Ints, sizes: Ints) -> Points:
        parts: list[Points] = []
        if self._verify:
            starts, sizes = self._intact(batch)
        elif batch.runs:
            parts, starts, sizes = run_points(batch, self._learned.layouts, self._cycles)
        rest, rest_sizes = self._learned.side_by_side(batch, starts, sizes, parts)
        if len(rest):
            parts.append(self._one_by_one(batch, rest, rest_sizes))
        return in_order(parts)

    def _intact(self, batch: Batch) -> tuple[Ints, Ints]:
        """Starts and sizes of the payloads whose checksum is right."""
        starts, sizes = batch.all_payloads()
        bad = damaged(batch.data, starts, sizes)
        for start in starts[bad].tolist():
            self._left_out(batch.offset + start - HEADER, "its checksum is wrong")
        return np.delete(starts, bad), np.delete(sizes, bad)

    def _left_out(self, offset: int, reason: str) -> None:
        where = f"{self._notes.name}@byte {offset}"
        self._notes.put(Noticed("bad_record", f"a record was left out: {reason}", where))

    def _one_by_one(self, batch: Batch, starts: Ints, sizes: Ints) -> Points:
        """The points of records that are read each on its own, in their order."""
        found: list[tuple[int, int, int, float, float]] = []
        if self._n_bad >= MAX_BAD:
            self._given_up(batch, starts)
            starts = starts[:0]
        for start, size in zip(starts.tolist(), sizes[: len(starts)].tolist(), strict=True):
            payload = batch.data[start : start + size]
            known = shape_of(payload, self._learned.layouts.get(size, ()))
            if known is not None:
                wall, step, values = known.layout.numbers(payload)
                tags = known.layout.tags(known.number)
                found += [(start, tag, step, wall, x) for tag, x in zip(tags, values, strict=True)]
                continue
            event = self._event(batch, start, payload)
            if event is not None:
                self._learned.learn(event, payload)
                found += self._points_of(event, start, batch.offset + start - HEADER)
        at, tag_numbers, steps, walls, numbers = zip(*found, strict=True) if found else ((), (), (), (), ())
        return Points(
            np.array(at, np.int64),
            np.array(tag_numbers, np.uint16),
            np.array(steps, np.int64),
            np.array(walls, np.float64),
            np.array(numbers, np.float64),
        )

    def _given_up(self, batch: Batch, starts: Ints) -> None:
        """Tells that records were not looked at one by one, since so many before them could not be decoded."""
        message = f"over {MAX_BAD} records could not be decoded: those after them that look like no other were left out"
        where = f"{self._notes.name}@byte {batch.offset + int(starts[0]) - HEADER}"
        self._notes.put(Noticed("bad_record", message, where, len(starts)))

    def _event(self, batch: Batch, start: int, payload: bytes) -> Event | None:
        """The event of a record; None, and told, where it cannot be decoded."""
        try:
            return event_of(payload)
        except BadMessage as error:
            self._n_bad += 1
            checksum = _CRC.unpack_from(batch.data, start + len(payload))[0]
            intact = self._n_bad > MOST_CHECKED or is_intact(payload, checksum)
            reason = str(error) if intact else f"{error}, and its checksum is wrong"
            self._left_out(batch.offset + start - HEADER, reason)
            return None

    def _points_of(self, event: Event, start: int, offset: int) -> list[tuple[int, int, int, float, float]]:
        """The points of an event: position, tag, step, time, value."""
        self.tags.hear(event, offset)
        if event.is_start:
            self.starts.append(Start(start, offset, event.step))
        return [
            (start, tag, event.step, event.wall_time, number)
            for value in event.values
            for tag, number in self._numbers(value, offset)
        ]

    def _numbers(self, value: Value, offset: int) -> list[tuple[int, float]]:
        """What a value says, by the number of the series; what is no curve is noted."""
        kind = value.kind
        if value.by_plugin:
            expected = OF_NUMBERS if kind is Kind.SCALAR else ("histograms",)
            if self.tags.plugin(value.tag, offset) not in expected:
                kind = Kind.OTHER
        if kind in (Kind.OTHER, Kind.BROKEN):
            self._passed_over(value, offset)
            return []
        named = [("", value.number.value)]
        if value.histogram is not None:
            numbers = quantiles(value.histogram, _FRACTIONS).tolist()
            named = [(f"/p{percent}", number) for percent, number in zip(PERCENTS, numbers, strict=True)]
        found = [(self.tags.number(value.tag + ending), number) for ending, number in named]
        self.tags.n_refused += sum(tag is None for tag, _ in found)
        return [(tag, number) for tag, number in found if tag is not None]

    def _passed_over(self, value: Value, offset: int) -> None:
        what = value.what or self.tags.plugin(value.tag, offset) or "tensor"
        where = f"{self._notes.name}@byte {offset}"
        if value.kind is Kind.BROKEN:
            message = f"the histogram {quoted(value.tag)} was left out: {what}"
            self._notes.put(Noticed("bad_value", message, where))
        else:
            message = f"no curve, passed over: {quoted(what)}"
            self._notes.put(Noticed("passed_over", message, where, warning=False))
