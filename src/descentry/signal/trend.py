"""Slow courses under noise: running medians, and noise that neighbours share."""

import math
from functools import lru_cache

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.robust import SQRT_6, median, row_medians, spread, windows

MOST_ALIKE = 0.8
"""The most that neighbours are taken to share: a course that moves looks like noise that shares all."""
N_LENGTHS = 4.0
"""Lengths of correlation, 1 / (1 - r), that a window must span for its residuals to tell it."""


def slow_noise(y: Floats) -> float:
    """Noise of one value of float64[n] about a smooth course, inflated for what neighbours share.

    The inflation is that of a first-order autoregression, sqrt((1 + r) / (1 - r)): what a mean of many neighbours must
    be measured against.  r is read off the autocorrelation of the clipped residuals, as far as it can be seen; a
    running median follows slow noise, which makes its residuals smaller and less alike, and both are made good.
    """
    half = max(2, len(y) // 18)
    residual = y - running_median(y, half)
    noise = spread(residual)
    if noise <= 0 or len(y) < 12:
        return max(noise, spread(np.diff(y, 2)) / SQRT_6, 1e-9 * float(np.abs(y).max(initial=0.0)))
    return noise * _unfollowed(residual, half)


def shared_slowly(y: Floats) -> float:
    """The factor by which `slow_noise` of float64[n] stands above its noise of one value; 1.0 for fewer than 12.

    n values with slow noise tell as much of it as n over its square that share nothing.
    """
    if len(y) < 12:
        return 1.0
    half = max(2, len(y) // 18)
    return max(1.0, _unfollowed(y - running_median(y, half), half))


def _unfollowed(residual: Floats, half: int) -> float:
    """What residuals from a running median of so many neighbours on each side must be multiplied by."""
    seen, factors = _followed(2 * half + 1)
    return float(np.interp(_likeness(residual), seen, factors))


def shared(y: Floats) -> float:
    """The factor by which neighbours' likeness widens the error of a mean of float64[n]; 1.0 where they are unlike.

    That of a first-order autoregression, sqrt((1 + r) / (1 - r)), with the autocorrelation r of the clipped values
    about their median between 0 and 0.8.
    """
    likeness = min(max(_likeness(y), 0.0), MOST_ALIKE)
    return math.sqrt((1.0 + likeness) / (1.0 - likeness))


def _likeness(y: Floats) -> float:
    """The lag-one autocorrelation of float64[n] about its median, far values clipped."""
    centred = y - median(y)
    most = 3.0 * spread(y)
    centred = np.clip(centred, -most, most)
    power = float((centred * centred).sum())
    return float((centred[1:] * centred[:-1]).sum()) / max(power, 1e-300)


@lru_cache(maxsize=256)
def _followed(width: int) -> tuple[Floats, Floats]:
    """What residuals from running means of `width` values show of a first-order autoregression, by its strength.

    float64[m] each: their autocorrelation, rising, and the factor from their spread to the error that a mean of many
    neighbours of the whole noise has, as a multiple of that of independent ones.
    """
    strengths = np.linspace(0.0, 1.0 - N_LENGTHS / max(width, N_LENGTHS), 40)
    half = width // 2
    places = np.arange(-half, half + 1)
    weights = np.full(width, -1.0 / width)
    weights[half] += 1.0
    lags = places[:, None] - places[None, :]
    pairs = weights[:, None] * weights[None, :]
    power = np.array([float((pairs * r ** np.abs(lags)).sum()) for r in strengths])
    next_to = np.array([float((pairs * r ** np.abs(lags + 1)).sum()) for r in strengths])
    seen = np.maximum.accumulate(next_to / power)
    return seen, np.sqrt((1.0 + strengths) / (1.0 - strengths) / power)


def smoothed(y: Floats) -> Floats:
    """Running medians of three for fewer than forty values, of up to thirty-one for more, float64[n].

    Fewer than seven values come back as they are; the ends are held.
    """
    n = len(y)
    if n < 7:
        return y
    half = half_window(n)
    padded = np.concatenate([np.full(half, y[0]), y, np.full(half, y[-1])])
    return row_medians(windows(padded, 2 * half + 1))


def half_window(n_values: int) -> int:
    """Neighbours on each side that `smoothed` takes in."""
    return 1 if n_values < 40 else min(15, n_values // 15)


def running_median(y: Floats, half: int) -> Floats:
    """Medians of `2 half + 1` neighbours (`half` is at least 2), float64[n]; the ends are held beyond the ends."""
    half = max(2, half)
    padded = np.concatenate([np.full(half, y[0]), y, np.full(half, y[-1])])
    return row_medians(windows(padded, 2 * half + 1))
