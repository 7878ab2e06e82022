"""Records of event files to points: runs as blocks, records of one size side by side, the rest one by one.

All three ways say the same of a record: what is read in a block is what was read field by field, with other
numbers (`formats.tfevents_layouts`).  A histogram becomes the series `tag/p0` … `tag/p100` of its quantiles.
"""

import struct
from typing import NamedTuple

import numpy as np

from descentry.formats.proto import BadMessage
from descentry.formats.tfevents import OF_NUMBERS, Event, Kind, Value, event_of
from descentry.formats.tfevents_layouts import (
    MAX_BYTES,
    MAX_LAYOUTS,
    MAX_SHAPES,
    MAX_SIZE,
    Layout,
    Place,
    Words,
    place_of,
)
from descentry.formats.tfevents_points import Points, in_order
from descentry.formats.tfhistograms import quantiles
from descentry.formats.tfrecord import Batch, is_intact
from descentry.formats.tfrecord_runs import HEADER
from descentry.formats.tfrecord_scan import damaged, rows_at
from descentry.record.chunk import Ints
from descentry.record.event import Event as Noticed
from descentry.sources.notes import Notes, quoted
from descentry.sources.tensorboard_runs import run_points, shape_of
from descentry.sources.tensorboard_tags import Tags

PERCENTS = (0, 5, 25, 50, 75, 95, 100)
_FRACTIONS = np.array(PERCENTS) / 100
FEW = 32
"""Fewer records of one size are quicker read one by one."""
MOST_TAUGHT = 1024
"""Texts of one layout that a batch teaches."""
N_TRIED = 8
"""Records of one size that are asked for a layout before it is given up for this batch."""
MOST_CHECKED = 1000
"""Bad records of which it is told whether the checksum is wrong, too."""
_CRC = struct.Struct("<I")


class Start(NamedTuple):
    """A session that begins: the position of its record in the batch, its offset in the file, its step."""

    at: int
    offset: int
    step: int


class EventPoints:
    """Turns batches of one file into points.  What is odd goes to `notes`, with its place."""

    def __init__(self, notes: Notes, *, verify: bool = False) -> None:
        self.tags = Tags()
        self.starts: list[Start] = []
        self._notes = notes
        self._verify = verify
        self._layouts: dict[int, list[Layout]] = {}
        self._n_shapes = 0
        self._n_bytes = 0
        self._n_bad = 0
        self._cycles: dict[tuple[int, ...], int] = {}

    def of(self, batch: Batch) -> Points:
        """The points of a batch in the order of the file.  `starts` holds the sessions that begin in it."""
        self.starts = []
        starts, sizes = batch.starts, batch.sizes
        parts: list[Points] = []
        if self._verify:
            starts, sizes = self._intact(batch)
        elif batch.runs:
            parts, starts, sizes = run_points(batch, self._layouts, self._cycles)
        rest, rest_sizes = self._side_by_side(batch, starts, sizes, parts)
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

    def _side_by_side(
        self, batch: Batch, starts: Ints, sizes: Ints, parts: list[Points]
    ) -> tuple[Ints, Ints]:
        """Adds the points of regular records to `parts`; starts and sizes of the others, rising."""
        rest: list[Ints] = []
        order = np.argsort(sizes, kind="stable")
        cuts = np.flatnonzero(np.diff(sizes[order])) + 1
        for group in np.split(order, cuts) if len(order) >= FEW else [order]:
            if len(group) >= FEW and HEADER < sizes[group[0]] <= MAX_SIZE:
                group = group[self._group(batch, starts[group], int(sizes[group[0]]), parts)]
            rest.append(group)
        left = np.sort(np.concatenate(rest))
        return starts[left], sizes[left]

    def _group(self, batch: Batch, starts: Ints, size: int, parts: list[Points]) -> Ints:
        """Adds the points of records of one size; the indices of those that stay."""
        rows = rows_at(batch.data, starts, -(-size // 8) * 8).view("<u8")
        pending = np.arange(len(starts))
        for layout in self._layouts.get(size, []):
            pending = _taken(layout, rows, starts, pending, parts)
        while len(pending) >= FEW:
            taught = self._learned(batch, starts[pending], rows[pending], size)
            if taught is None:
                break
            left = _taken(taught, rows, starts, pending, parts)
            if len(left) == len(pending):
                break
            pending = left
        return pending

    def _learned(self, batch: Batch, starts: Ints, rows: Words,
                 size: int) -> Layout | None:  # fmt: skip
        """A layout that some of these records have, with all of their texts; None when there is none."""
        for i in range(0, len(starts), max(1, len(starts) // N_TRIED)):
            place = self._place(batch, int(starts[i]), size)
            if place is None:
                continue
            layout = self._layout(place)
            if layout is None:
                return None
            _, firsts = np.unique(layout.hashes(rows), return_index=True)
            for start in starts[np.sort(firsts)[:MOST_TAUGHT]].tolist():
                tags = self._tags_of(batch, start, place)
                if tags is not None:
                    self._n_shapes += 1
                    self._n_bytes += size
                    layout.add(batch.data[start : start + size], tags)
            return layout
        return None

    def _layout(self, place: Place) -> Layout | None:
        """The layout of that place, a new one where there is none yet and room."""
        if self._n_shapes >= MAX_SHAPES or self._n_bytes >= MAX_BYTES:
            return None
        known = self._layouts.setdefault(place.size, [])
        found = next((layout for layout in known if layout.place == place), None)
        if found is None and len(known) < MAX_LAYOUTS:
            found = Layout(place)
            known.append(found)
        return found

    def _place(self, batch: Batch, start: int, size: int) -> Place | None:
        try:
            return place_of(event_of(batch.data[start : start + size]), size)
        except BadMessage:
            return None

    def _tags_of(self, batch: Batch, start: int, place: Place) -> tuple[int, ...] | None:
        """The numbers of the tags of a record with that place, None when it has another or no room is left."""
        try:
            event = event_of(batch.data[start : start + place.size])
        except BadMessage:
            return None
        if place_of(event, place.size) != place:
            return None
        self._hear(event, batch.offset + start - HEADER)
        numbers = [self.tags.number(value.tag) for value in event.values]
        return None if None in numbers else tuple(number for number in numbers if number is not None)

    def _hear(self, event: Event, offset: int) -> None:
        """Keeps what an event says of its tags."""
        for value in event.values:
            if value.plugin is not None:
                self.tags.say(value.tag, value.plugin, offset)

    def _one_by_one(self, batch: Batch, starts: Ints, sizes: Ints) -> Points:
        """The points of records that are read each on its own, in their order."""
        found: list[tuple[int, int, int, float, float]] = []
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
            payload = batch.data[start : start + size]
            known = shape_of(payload, self._layouts.get(size, ()))
            if known is not None:
                wall, step, values = known.layout.numbers(payload)
                tags = known.layout.tags(known.number)
                found += [(start, tag, step, wall, x) for tag, x in zip(tags, values, strict=True)]
                continue
            event = self._event(batch, start, payload)
            if event is not None:
                found += self._points_of(event, start, batch.offset + start - HEADER)
        at, tag_numbers, steps, walls, numbers = zip(*found, strict=True) if found else ((), (), (), (), ())
        return Points(
            np.array(at, np.int64),
            np.array(tag_numbers, np.uint16),
            np.array(steps, np.int64),
            np.array(walls, np.float64),
            np.array(numbers, np.float64),
        )

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
        self._hear(event, offset)
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


def _taken(layout: Layout, rows: Words, starts: Ints,
           pending: Ints, parts: list[Points]) -> Ints:  # fmt: skip
    """Adds the points of the pending rows that the layout knows; those that it does not."""
    if not len(pending):
        return pending
    mine = rows if len(pending) == len(rows) else rows[pending]
    shapes = layout.match(mine)
    hits = shapes >= 0
    if hits.all():
        parts.append(layout.points(mine, starts[pending], shapes))
    elif hits.any():
        parts.append(layout.points(mine[hits], starts[pending[hits]], shapes[hits]))
    return pending[~hits]
