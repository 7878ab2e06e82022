"""Which layouts the records of an event file have, and the points of those that have a known one.

The first records of a kind are read field by field and teach their layout; all later ones of the same size and
text are read side by side.
"""

import numpy as np

from descentry.formats.proto import BadMessage
from descentry.formats.tfevents import OF_NUMBERS, Event, Kind, event_of, plugins_of
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
from descentry.formats.tfevents_points import Points
from descentry.formats.tfhistograms import PERCENTS
from descentry.formats.tfrecord import Batch
from descentry.formats.tfrecord_runs import HEADER
from descentry.formats.tfrecord_scan import rows_at
from descentry.record.chunk import Ints
from descentry.sources.tensorboard.runs import Shape, shape_of
from descentry.sources.tensorboard.tags import Tags

Layouts = dict[int, list[Layout]]
FEW = 32
"""Fewer records of one size are quicker read one by one."""
MOST_TAUGHT = 1024
"""Texts of one layout that a batch teaches."""
N_TRIED = 8
"""Records of one size that are asked for a layout before it is given up for this batch."""
N_VAIN = 8
"""Texts that teach nothing, for want of room or of a plugin, before the layout is left for this batch."""
N_ALONE = 8
"""So many single records of one size are read before the next ones teach: a follower sees few at a time."""


class Learned:
    """The layouts of a file by size of the record."""

    def __init__(self, tags: Tags) -> None:
        self.layouts: Layouts = {}
        self._open: Layouts = {}
        self._open_tags: dict[tuple[int, ...], tuple[str, ...]] = {}
        self._histograms: Layouts = {}
        self._tags = tags
        self._n_shapes = 0
        self._n_bytes = 0
        self._n_alone: dict[int, int] = {}

    def learn(self, event: Event, payload: bytes, before: int) -> bool:
        """Learns from a record that was read alone, once there were several of its size.

        `before`: where its batch begins; what events before that said of a tag stands for all that follow.
        False where it could not be learned though it was asked.
        """
        size = len(payload)
        if size > MAX_SIZE or self._is_full():
            return False
        n = self._n_alone[size] = self._n_alone.get(size, 0) + 1
        if any(value.kind is Kind.HISTOGRAM for value in event.values):
            return True
        if n <= N_ALONE:
            return False
        numbers = self._numbers(event)
        place = place_of(event, payload) if numbers is not None else None
        if place is None or numbers is None:
            return False
        is_open = not self._is_settled(event, before)
        layout = self._layout(place, self._open if is_open else self.layouts)
        if layout is None:
            return False
        if is_open:
            tags = tuple(value.tag for value in event.values)
            if self._open_tags.setdefault(numbers, tags) != tags:
                return False
        self._add(layout, payload, numbers)
        return True

    def open_shape(self, payload: bytes, offset: int) -> Shape | None:
        """The shape of the record at `offset` whose values count, since no event has said before that they are no
        numbers; None where it has none or they do not."""
        shape = shape_of(payload, self._open.get(len(payload), ()))
        if shape is None:
            return None
        tags = self._open_tags[shape.layout.tags(shape.number)]
        return shape if all(self._tags.plugin(tag, offset) in OF_NUMBERS for tag in tags) else None

    def _is_settled(self, event: Event, before: int) -> bool:
        """Whether no event from `before` on can say that a value is no number."""
        return all(
            not value.by_plugin
            or (self._tags.plugin(value.tag, before - 1) or "tensor of no plugin") in plugins_of(value)
            for value in event.values
        )

    def _numbers(self, event: Event) -> tuple[int, ...] | None:
        """The numbers of the series of an event: of its single values, then of its histograms; None without room."""
        singles = [value.tag for value in event.values if value.kind is Kind.SCALAR]
        wide = [value.tag for value in event.values if value.kind is Kind.HISTOGRAM]
        tags = (*singles, *(f"{tag}/p{percent}" for tag in wide for percent in PERCENTS))
        numbers = [self._tags.number(tag) for tag in tags]
        return None if None in numbers else tuple(number for number in numbers if number is not None)

    def _is_full(self) -> bool:
        return self._n_shapes >= MAX_SHAPES or self._n_bytes >= MAX_BYTES

    def _add(self, layout: Layout, payload: bytes, tags: tuple[int, ...]) -> None:
        self._n_shapes += 1
        self._n_bytes += len(payload)
        layout.add(payload, tags)

    def side_by_side(self, batch: Batch, starts: Ints, sizes: Ints, parts: list[Points]) -> tuple[Ints, Ints]:
        """Adds the points of regular records to `parts`; starts and sizes of the others, rising."""
        if len(starts) < FEW:
            return starts, sizes
        rest: list[Ints] = []
        order = np.argsort(sizes, kind="stable")
        cuts = np.flatnonzero(np.diff(sizes[order])) + 1
        for group in np.split(order, cuts):
            if len(group) >= FEW and HEADER < sizes[group[0]] <= MAX_SIZE:
                group = group[self._group(batch, starts[group], int(sizes[group[0]]), parts)]
            rest.append(group)
        left = np.sort(np.concatenate(rest))
        return starts[left], sizes[left]

    def _group(self, batch: Batch, starts: Ints, size: int, parts: list[Points]) -> Ints:
        """Adds the points of records of one size; the indices of those that stay."""
        rows = rows_at(batch.data, starts, -(-size // 8) * 8).view("<u8")
        pending = np.arange(len(starts))
        for layout in (*self.layouts.get(size, []), *self._histograms.get(size, [])):
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

    def _learned(self, batch: Batch, starts: Ints, rows: Words, size: int) -> Layout | None:
        """A layout that some of these records have, with all of their texts; None when there is none."""
        for i in range(0, len(starts), max(1, len(starts) // N_TRIED)):
            place = _place(batch, int(starts[i]), size)
            if place is None:
                continue
            layout = self._layout(place, self._histograms if place.histograms else self.layouts)
            if layout is None:
                return None
            _, firsts = np.unique(layout.hashes(rows), return_index=True)
            n_vain = 0
            for start in starts[np.sort(firsts)[:MOST_TAUGHT]].tolist():
                tags = self._tags_of(batch, start, place) if n_vain < N_VAIN else None
                n_vain += tags is None
                if tags is not None:
                    self._add(layout, batch.data[start : start + size], tags)
            return layout
        return None

    def _layout(self, place: Place, layouts: Layouts) -> Layout | None:
        """The layout of that place, a new one where there is none yet and room."""
        if self._is_full():
            return None
        known = layouts.setdefault(place.size, [])
        found = next((layout for layout in known if layout.place == place), None)
        if found is None and len(known) < MAX_LAYOUTS:
            found = Layout(place)
            known.append(found)
        return found

    def _tags_of(self, batch: Batch, start: int, place: Place) -> tuple[int, ...] | None:
        """The numbers of the tags of a record with that place, None when it has another or no room is left."""
        payload = batch.data[start : start + place.size]
        try:
            event = event_of(payload)
        except BadMessage:
            return None
        if place_of(event, payload) != place or not self._is_settled(event, batch.offset):
            return None
        self._tags.hear(event, batch.offset + start - HEADER)
        return self._numbers(event)


def _place(batch: Batch, start: int, size: int) -> Place | None:
    payload = batch.data[start : start + size]
    try:
        return place_of(event_of(payload), payload)
    except BadMessage:
        return None


def _taken(layout: Layout, rows: Words, starts: Ints, pending: Ints, parts: list[Points]) -> Ints:
    """Adds the points of the pending rows that the layout knows; those that it does not."""
    if not len(pending):
        return pending
    mine = rows if len(pending) == len(rows) else rows[pending]
    shapes = layout.match(mine)
    hits = shapes >= 0
    if layout.place.histograms:
        hits &= layout.are_well(mine)
    if hits.all():
        parts.append(layout.points(mine, starts[pending], shapes))
    elif hits.any():
        parts.append(layout.points(mine[hits], starts[pending[hits]], shapes[hits]))
    return pending[~hits]
