"""The course of a curve in a hundred bins: what judges compare levels and slopes on."""

from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.robust import row_medians, spread
from descentry.signal.shape import Shape

N_BINS = 100
"""Enough to place an onset to a hundredth of the run, few enough that a bin of a long run is nearly free of noise."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Medians of equally filled bins.

    `x` float64[m]: the bins' middle steps; `y` float64[m]: their levels; `starts`, `ends` float64[m]: their
    first and last steps; `noise`: of one logged point; `wander`: of a bin's level about its neighbours, slow
    noise included.
    """

    x: Floats
    y: Floats
    starts: Floats
    ends: Floats
    noise: float
    wander: float

    def __len__(self) -> int:
        return len(self.y)


def profile(shape: Shape, n_bins: int = N_BINS) -> Profile:
    """The profile of a curve with at least one point; fewer points than bins make a bin each.

    All judges of one moment share it: it is kept with the shape.
    """
    cache: dict[int, Profile] = shape.__dict__.setdefault("_profiles", {})
    if n_bins not in cache:
        cache[n_bins] = _profile(shape, n_bins)
    return cache[n_bins]


def _profile(shape: Shape, n_bins: int) -> Profile:
    m = len(shape)
    n = min(m, n_bins)
    edges = np.linspace(0, m, n + 1).astype(np.int64)
    if n == m:
        y = shape.levels
    else:
        width = int(np.diff(edges).min())
        y = row_medians(shape.levels[edges[:-1, None] + np.arange(width)])
    starts = shape.first_steps[edges[:-1]].astype(np.float64)
    ends = shape.last_steps[edges[1:] - 1].astype(np.float64)
    wander = spread(np.diff(y, 2)) / np.sqrt(6.0) if n >= 4 else 0.0
    return Profile((starts + ends) / 2.0, y, starts, ends, shape.noise, wander)
