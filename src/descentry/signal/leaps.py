"""Abrupt changes of level in a course, up or down: a step and a line are fitted together at every border.

In a window that is even about the border a quadratic has no part of a step, so the bend of a descent is not taken
for one; what is left is a slope of higher order, which is not abrupt.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Floats
from descentry.signal.robust import median, row_medians, spread, windows
from descentry.signal.trend import running_median

MIN_WIDTH = 4
"""Values on each side of a border: with fewer a line and a step cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Leap:
    """A change of level: the value after it, the levels on both sides, its size beyond the slope, in noise.

    `kept`: the share that is still there two windows on, as the slope before it would have had it.
    """

    at: int
    before: float
    after: float
    size: float
    score: float
    kept: float


def leaps(y: Floats, width: int, score: float, sign: int = 1, sharpness: float = 0.5) -> list[Leap]:
    """The changes of y float64[m] upwards (`sign` 1) or downwards (-1) by `score` times their noise, in order.

    `width` values on each side of a border are looked at; at most one change in any `width` values.  `sharpness`: the
    share of the change that must happen at the border itself; a slope has less.  The noise is that of the fitted step
    at all the other borders, so slow noise is counted.
    """
    width = max(width, MIN_WIDTH)
    if len(y) < 4 * width:
        return []
    rises = sign * y
    calm = _calmed(rises)
    steps = windows(calm, 2 * width) @ _kernel(width)
    noise = _noise(steps[len(steps) // 10 :])
    if not (steps > max(score * noise, 0.0)).any():
        return []
    is_sharp = (_beyond_slope(calm, width) >= sharpness * steps) & (
        steps >= 0.4 * _around(calm, width, steps)
    )
    good = is_sharp & (steps > score * noise) & (steps > 0)
    return [_leap(y, sign, at, width, steps, noise) for at in _apart(np.where(good, steps, 0.0), width)]


def _noise(steps: Floats) -> float:
    """The noise of a fitted step: the broader of the middle half and the middle four fifths, as of a Gaussian."""
    return max(spread(steps), float(np.quantile(np.abs(steps), 0.9)) / 1.645)


def _calmed(y: Floats) -> Floats:
    """Single strays brought back to their neighbours: a line is drawn by least squares."""
    course = running_median(y, 2)
    apart = y - course
    most = 3.0 * spread(apart)
    calm: Floats = course + np.clip(apart, -most, most)
    return calm


def _kernel(width: int) -> Floats:
    """Weights that give the height of a step in the middle of `2 width` values when a line is fitted with it."""
    t = np.arange(-width, width) + 0.5
    step = np.sign(t) / 2
    step -= t * (step @ t) / (t @ t)
    weights: Floats = step / (step @ step)
    return weights


def _beyond_slope(y: Floats, width: int) -> Floats:
    """The rise at each border that the slope on neither side explains, float64[m - 2 width + 1].

    Between the nearest values on both sides; a smooth bend rises as fast beside the border as at it, however little
    noise there is.
    """
    near = max(2, width // 4)
    medians = row_medians(windows(y, near))
    border = np.arange(width, len(y) - width + 1)
    last = len(medians) - 1
    before, after = medians[border - near], medians[np.minimum(border, last)]
    slope = np.maximum(
        before - medians[border - width], medians[np.minimum(border + width - near, last)] - after
    ) / (width - near)
    beyond: Floats = after - before - near * np.maximum(slope, 0.0)
    return beyond


def _around(y: Floats, width: int, steps: Floats) -> Floats:
    """How far the course goes over each window apart from the step itself."""
    edge = max(2, width // 3)
    medians = row_medians(windows(y, edge))
    border = np.arange(width, len(y) - width + 1)
    last = np.minimum(border + width - edge, len(medians) - 1)
    way: Floats = np.abs(medians[border - width] - medians[last] + steps)
    return way


def _apart(steps: Floats, width: int) -> list[int]:
    """The borders of the largest steps, none within `width` of a larger one, in order."""
    found: list[int] = []
    for i in np.argsort(-steps, kind="stable").tolist():
        if steps[i] <= 0 or len(found) >= len(steps) // width:
            break
        if all(abs(i + width - other) >= width for other in found):
            found.append(i + width)
    return sorted(found)


def _leap(y: Floats, sign: int, at: int, width: int, steps: Floats, noise: float) -> Leap:
    size = float(steps[at - width])
    near = max(2, width // 3)
    before, after = median(y[at - near : at]), median(y[at : at + near])
    score = size / noise if noise > 0 else float("inf")
    return Leap(at, before, after, sign * size, score, _kept(sign * y, at, width, size))


def _kept(y: Floats, at: int, width: int, size: float) -> float:
    """What is left of the step after two windows, against the course before it; 1.0 if not known.

    A fall slows down, to half of its slope on the way; a rise is to be expected only where it rises before and after.
    """
    later = y[at + width : at + 3 * width]
    earlier = y[max(0, at - 2 * width) : at]
    if len(later) < 2 or len(earlier) < 4:
        return 1.0
    slope, half = _slope(earlier), len(earlier) // 2
    slope = max(0.0, min(slope, _slope(later))) if slope > 0 else slope
    expected = median(earlier[half:]) + slope * (2 * width + half / 2) * 0.5
    return float((median(later) - expected) / size)


def _slope(y: Floats) -> float:
    """The slope between the medians of both halves of float64[n], n > 1, per value."""
    half = len(y) // 2
    return (median(y[-half:]) - median(y[:half])) / (len(y) - half)


def is_apart(marks: NDArray[np.float64], step: float, tolerance: float) -> bool:
    """Whether no mark lies within the tolerance of a step."""
    return not len(marks) or bool(np.abs(marks - step).min() > tolerance)
