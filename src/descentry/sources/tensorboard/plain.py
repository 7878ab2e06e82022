"""The points of plain events: a time, a step, and values that are but a name and a float."""

import struct

import numpy as np

from descentry.formats.tfevents import PlainEvent
from descentry.formats.tfevents_points import Points
from descentry.formats.tfrecord_scan import rows_at
from descentry.sources.tensorboard.tags import Tags

_FLOAT = struct.Struct("<f")
FEW = 8
"""Fewer values of one record are quicker read one by one."""
Found = tuple[int, int, int, float, float]
"""A point: its position, tag, step, time, value."""


def few_points(tags: Tags, event: PlainEvent, start: int, payload: bytes) -> list[Found]:
    """The points of an event with few plain values."""
    numbers = [tags.number_of(tag) for tag in event.tags]
    tags.n_refused += numbers.count(-1)
    return [
        (start + at, tag, event.step, event.wall_time, _FLOAT.unpack_from(payload, at)[0])
        for tag, at in zip(numbers, event.at, strict=True)
        if tag >= 0
    ]


def wide_points(tags: Tags, event: PlainEvent, start: int, payload: bytes) -> Points:
    """The points of an event with many plain values."""
    at = np.array(event.at, np.int64)
    values = rows_at(payload, at, 4).view("<f4").ravel().astype(np.float64)
    numbers = np.array(list(map(tags.number_of, event.tags)), np.int64)
    kept = np.flatnonzero(numbers >= 0)
    tags.n_refused += len(numbers) - len(kept)
    n = len(kept)
    steps, walls = np.full(n, event.step, np.int64), np.full(n, event.wall_time)
    return Points(start + at[kept], numbers[kept].astype(np.uint16), steps, walls, values[kept])
