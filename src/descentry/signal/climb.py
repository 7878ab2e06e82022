"""A course that is climbing now: told while it climbs, by how much it ever rose before and came back.

What a run has once come back from it may come back from again, so a climb is measured in the largest rise before it:
a scale that needs no model of the noise, however heavy its tails and however much neighbours share.
"""

import math
from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.robust import median, row_medians, windows
from descentry.signal.trend import slow_noise

LOW_PARTS = 10
"""Parts of the course that the lowest stretch spans: long enough that noise does not choose it."""
N_HALF = 2
"""Least values in each half of a climb."""


@dataclass(frozen=True, slots=True)
class Climb:
    """The last stretch of a course, all of which stands above its lowest one.

    `start`: where it begins; `before`: where the lowest stretch ends; `lowest`, `earlier`, `later`: the levels of that
    stretch and of the climb's two halves; `past`: the largest rise before, as the same medians see it; `score`:
    standard errors, slow noise counted, between the later half and the lowest stretch; `error`: of the difference of
    the halves.
    """

    start: int
    before: int
    lowest: float
    earlier: float
    later: float
    past: float
    score: float
    error: float

    @property
    def size(self) -> float:
        return self.later - self.lowest

    @property
    def gain(self) -> float:
        """How much the later half stands above the earlier one: nothing after a single step, less than that in a
        spike that comes back."""
        return self.later - self.earlier


def climb(y: Floats, n_least: int = 2 * N_HALF) -> Climb | None:
    """The climb at the end of y float64[m], of at least `n_least` values; None where the end stands low.

    The first value above is left out: a step in the midst of a bin would look like a climb.
    """
    m = len(y)
    width = m // LOW_PARTS
    if width < N_HALF or m < 2 * width + n_least:
        return None
    lows = row_medians(windows(y, width))
    at = int(lows.argmin())
    lowest = float(lows[at])
    slow = slow_noise(y)
    size = median(y[-n_least // 2 :]) - lowest
    below = np.flatnonzero(y < lowest + min(0.25 * size, max(2.0 * slow, 0.02 * size)))
    start = int(below[-1]) + 2 if len(below) else m
    half = (m - start) // 2
    if m - start < n_least or size <= 0 or start < 2 * half:
        return None
    earlier, later = median(y[start : start + half]), median(y[-half:])
    levels = row_medians(windows(y[: start - 1], half))
    past = float((levels - np.minimum.accumulate(levels)).max())
    error = 1.25 * slow * math.sqrt(1.0 / half + 1.0 / width)
    score = (later - lowest) / error if error > 0 else math.inf
    return Climb(start, at + width, lowest, earlier, later, past, score, 1.25 * slow * math.sqrt(2.0 / half))
