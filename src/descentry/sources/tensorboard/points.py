"""Records of event files to points: runs as blocks, records of one size side by side, the rest one by one.

All three ways say the same of a record: what is read in a block is what was read field by field, with other
numbers (`formats.tfevents_layouts`).  A histogram becomes the series `tag/p0` … `tag/p100` of its quantiles.
"""

import struct
from typing import NamedTuple

import numpy as np

from descentry.formats import tfhparams
from descentry.formats.proto import BadMessage
from descentry.formats.tfevents import (
    Event,
    Kind,
    Value,
    event_of,
    plain_event_of,
    plugins_of,
)
from descentry.formats.tfevents_layouts import MAX_SIZE
from descentry.formats.tfevents_points import Points, in_order, no_points
from descentry.formats.tfhistograms import FRACTIONS, PERCENTS, quantiles
from descentry.formats.tfrecord import Batch, is_intact
from descentry.formats.tfrecord_runs import HEADER
from descentry.formats.tfrecord_scan import damaged
from descentry.record.chunk import Ints
from descentry.record.event import Event as Noticed
from descentry.sources.json.values import clean_name
from descentry.sources.notes import Notes, quoted
from descentry.sources.tensorboard.budget import Budget
from descentry.sources.tensorboard.learned import Learned
from descentry.sources.tensorboard.plain import FEW, Found, few_points, wide_points
from descentry.sources.tensorboard.runs import run_points, shape_of
from descentry.sources.tensorboard.tags import Tags

MOST_CHECKED = 1000
"""Bad records of which it is told whether the checksum is wrong, too."""
_CRC = struct.Struct("<I")


class Start(NamedTuple):
    """A session that begins: the position of its record in the batch, its offset in the file, its step."""

    at: int
    offset: int
    step: int


WALL_TIME = b"\x09"
"""What the events of every writer begin with."""
LEAST_SIZE = 20
"""Bytes of a record with a time and a plain value without a name."""
WIDE = 1 << 10
"""Bytes of a record that holds many values."""
MAX_SLOW = 256
"""Wide records that are read field by field so that they teach; a file with more has no two alike."""


class EventPoints:
    """Turns batches of one file into points.  What is odd goes to `notes`, with its place."""

    def __init__(self, notes: Notes, *, verify: bool = False) -> None:
        self.tags = Tags()
        self.starts: list[Start] = []
        self.config: dict[str, object] = {}
        """Settings, until someone takes them."""
        self._notes = notes
        self._verify = verify
        self._learned = Learned(self.tags)
        self._budget = Budget()
        self._n_slow = 0
        self._given_up = ""
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
            parts.append(self._one_by_one(batch, rest, rest_sizes, parts))
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

    def _one_by_one(self, batch: Batch, starts: Ints, sizes: Ints, parts: list[Points]) -> Points:
        """The points of records that are read each on its own, in their order; those of wide ones go to `parts`."""
        found: list[Found] = []
        self._given_up = self._budget.why_given_up()
        is_tried = sizes >= (LEAST_SIZE if self._given_up else 0)
        left: list[int] = starts[~is_tried].tolist()
        for start, size in zip(starts[is_tried].tolist(), sizes[is_tried].tolist(), strict=True):
            one = self._one(batch, start, batch.data[start : start + size], parts)
            if one is None:
                left.append(start)
            else:
                found += one
        self._tell_left(batch, left)
        return _as_points(found)

    def _one(self, batch: Batch, start: int, payload: bytes, parts: list[Points]) -> list[Found] | None:
        """The points of one record; None where it was not looked at."""
        size = len(payload)
        known = shape_of(payload, self._learned.layouts.get(size, ()))
        if known is None:
            known = self._learned.open_shape(payload, batch.offset + start - HEADER)
        if known is not None:
            wall, step, values = known.layout.numbers(payload)
            tags = known.layout.tags(known.number)
            return [(start, tag, step, wall, x) for tag, x in zip(tags, values, strict=True)]
        if size > self._least_wide or (self._given_up and payload.startswith(WALL_TIME)):
            wide = plain_event_of(payload)
            if wide is not None and len(wide.tags) < FEW:
                return few_points(self.tags, wide, start, payload)
            if wide is not None:
                parts.append(wide_points(self.tags, wide, start, payload))
                return []
        return None if self._given_up else self._field_by_field(batch, start, payload)

    def _field_by_field(self, batch: Batch, start: int, payload: bytes) -> list[Found]:
        """The points of a record of which nothing is known."""
        event = self._event(batch, start, payload)
        if event is None:
            return []
        self._n_slow += len(payload) > WIDE
        is_known = self._learned.learn(event, payload, batch.offset)
        self._budget.take_read(event, payload, is_known=is_known)
        self._take_settings(event, payload)
        found = self._points_of(event, start, batch.offset + start - HEADER)
        self._given_up = self._budget.why_given_up()
        return found

    def _tell_left(self, batch: Batch, left: list[int]) -> None:
        """Tells of the records that were left out, since so many before them said nothing."""
        if left:
            message = f"{self._given_up}: those after them that look like no other were left out"
            where = f"{self._notes.name}@byte {batch.offset + min(left) - HEADER}"
            self._notes.put(Noticed("bad_record", message, where, len(left)))

    @property
    def _least_wide(self) -> int:
        """Larger records are tried as wide ones: those that cannot be learned, and all once learning was in vain."""
        return MAX_SIZE if self._n_slow < MAX_SLOW else WIDE

    def _event(self, batch: Batch, start: int, payload: bytes) -> Event | None:
        """The event of a record; None, and told, where it cannot be decoded."""
        try:
            return event_of(payload)
        except BadMessage as error:
            self._budget.n_bad += 1
            checksum = _CRC.unpack_from(batch.data, start + len(payload))[0]
            intact = self._budget.n_bad > MOST_CHECKED or is_intact(payload, checksum)
            reason = str(error) if intact else f"{error}, and its checksum is wrong"
            self._left_out(batch.offset + start - HEADER, reason)
            return None

    def _take_settings(self, event: Event, payload: bytes) -> None:
        """Keeps the settings that the hparams plugin put into an event."""
        if any(value.plugin == tfhparams.PLUGIN for value in event.values[:1]):
            try:
                found = tfhparams.settings_of(payload)
            except BadMessage:
                return
            self.config.update({clean_name(name): value for name, value in found.items()})

    def _points_of(self, event: Event, start: int, offset: int) -> list[Found]:
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
        if value.by_plugin and self.tags.plugin(value.tag, offset) not in plugins_of(value):
            kind = Kind.OTHER
        if kind in (Kind.OTHER, Kind.BROKEN):
            self._passed_over(value, offset)
            return []
        endings = [""] if value.histogram is None else [f"/p{percent}" for percent in PERCENTS]
        tags = [self.tags.number(value.tag + ending) for ending in endings]
        n_refused = tags.count(None)
        self.tags.n_refused += n_refused
        if n_refused:
            self._budget.take_vain(value)
        if n_refused == len(tags):
            return []
        numbers = [value.number.value]
        if value.histogram is not None:
            numbers = quantiles(value.histogram, FRACTIONS).tolist()
        return [(tag, number) for tag, number in zip(tags, numbers, strict=True) if tag is not None]

    def _passed_over(self, value: Value, offset: int) -> None:
        self._budget.take_vain(value)
        what = value.what or self.tags.plugin(value.tag, offset) or "tensor"
        where = f"{self._notes.name}@byte {offset}"
        if value.kind is Kind.BROKEN:
            message = f"the histogram {quoted(value.tag)} was left out: {what}"
            self._notes.put(Noticed("bad_value", message, where))
        else:
            message = f"no curve, passed over: {quoted(what)}"
            self._notes.put(Noticed("passed_over", message, where, warning=False))


def _as_points(found: list[Found]) -> Points:
    at, tags, steps, walls, values = zip(*found, strict=True) if found else ((), (), (), (), ())
    return Points(
        np.array(at, np.int64),
        np.array(tags, np.uint16),
        np.array(steps, np.int64),
        np.array(walls, np.float64),
        np.array(values, np.float64),
    )
