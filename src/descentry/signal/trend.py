"""Slow courses under noise: running medians, and noise that neighbours share."""

import math

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.robust import SQRT_6, median, row_medians, spread, windows


def slow_noise(y: Floats) -> float:
    """Noise of one value of float64[n] about a smooth course, inflated for what neighbours share.

    The inflation is that of a first-order autoregression, sqrt((1 + r) / (1 - r)), with the autocorrelation r
    of the clipped residuals between 0 and 0.8: what a mean of many neighbours must be measured against.
    """
    residual = y - running_median(y, len(y) // 18)
    noise = spread(residual)
    if noise <= 0 or len(y) < 12:
        return max(noise, spread(np.diff(y, 2)) / SQRT_6, 1e-9 * float(np.abs(y).max(initial=0.0)))
    return noise * shared(residual)


def shared(y: Floats) -> float:
    """The factor by which neighbours' likeness widens the error of a mean of float64[n]; 1.0 where they are unlike.

    That of a first-order autoregression, sqrt((1 + r) / (1 - r)), with the autocorrelation r of the clipped values
    about their median between 0 and 0.8.
    """
    centred = y - median(y)
    most = 3.0 * spread(y)
    centred = np.clip(centred, -most, most)
    power = float((centred * centred).sum())
    likeness = min(max(float((centred[1:] * centred[:-1]).sum()) / max(power, 1e-300), 0.0), 0.8)
    return math.sqrt((1.0 + likeness) / (1.0 - likeness))


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
