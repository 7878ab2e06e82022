"""Points of event files as columns."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Floats, Ints

Tags = NDArray[np.uint16]


class Points(NamedTuple):
    """int64 positions of the values in their batch, uint16 tags, int64 steps, float64 wall times and values."""

    at: Ints
    tags: Tags
    steps: Ints
    walls: Floats
    values: Floats

    def piece(self, start: int, stop: int | None = None) -> "Points":
        """Points start:stop, as views."""
        cut = slice(start, stop)
        return Points(self.at[cut], self.tags[cut], self.steps[cut], self.walls[cut], self.values[cut])

    def picked(self, places: Ints) -> "Points":
        """The points at these places, in their order."""
        at, tags, steps, walls, values = self
        return Points(at[places], tags[places], steps[places], walls[places], values[places])


def no_points() -> Points:
    """Points of length 0."""
    return Points(
        np.empty(0, np.int64), np.empty(0, np.uint16), np.empty(0, np.int64), np.empty(0), np.empty(0)
    )


def joined(parts: Sequence[Points]) -> Points:
    """All points, one part after the other."""
    parts = [part for part in parts if len(part.at)]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return no_points()
    return Points(
        np.concatenate([part.at for part in parts]),
        np.concatenate([part.tags for part in parts]),
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.walls for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def in_order(parts: Sequence[Points]) -> Points:
    """All points, sorted by their position in the batch."""
    whole = joined(parts)
    if (np.diff(whole.at) >= 0).all():
        return whole
    return whole.picked(np.argsort(whole.at, kind="stable"))
