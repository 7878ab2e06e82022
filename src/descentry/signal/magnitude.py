"""The order of magnitude of a positive signal, over the run: what a factor means does not depend on the unit."""

from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.profile import Profile, profile
from descentry.signal.robust import point_noise, row_medians, windows
from descentry.signal.shape import Shape
from descentry.signal.trend import slow_noise

LEAST = 1e-30
"""Stands for exact zeros, which have no logarithm; as a factor it is beyond any that is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Magnitude:
    """Natural logarithms of a course: `y` float64[m] of its bins, `noise` of one point, `slow` of one bin.

    `slow` counts what neighbouring bins share.
    """

    course: Profile
    y: Floats
    noise: float
    slow: float

    def __len__(self) -> int:
        return len(self.y)

    def settled(self, width: int) -> Floats:
        """Medians of `width` neighbouring bins, float64[m - width + 1], m at least `width`."""
        return row_medians(windows(self.y, width))


def magnitude(shape: Shape) -> Magnitude:
    """The magnitude of a curve with at least four points; zeros and what is negative count as LEAST."""
    cache: dict[str, Magnitude] = shape.__dict__.setdefault("_magnitude", {})
    if "it" not in cache:
        course = profile(shape)
        y = logs(course.y)
        levels = shape.levels if len(shape) <= 1024 else shape.levels[-1024:]
        cache["it"] = Magnitude(course, y, point_noise(logs(levels)), slow_noise(y))
    return cache["it"]


def logs(values: Floats) -> Floats:
    """Natural logarithms, of LEAST at the least."""
    raised: Floats = np.log(np.maximum(values, LEAST))
    return raised
