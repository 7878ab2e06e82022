"""Facts about a change of level: where it lies, whether the loss goes on, whether it is taken back."""

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.leaps import MIN_WIDTH, Leap, leaps
from descentry.signal.profile import Profile
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.trend import slow_noise

BEYOND = 0.5
"""Share of a step by which it goes past the level before a dip or a bump, from which it does not only end that."""


def placed(shape: Shape, course: Profile, leap: Leap) -> int:
    """The step of the change on the finest blocks that are kept: a bin spans many."""
    low = int(np.searchsorted(shape.first_steps, course.starts[max(0, leap.at - 3)]))
    high = int(
        np.searchsorted(shape.first_steps, course.ends[min(len(course) - 1, leap.at + 2)], side="right")
    )
    y = shape.levels[low:high]
    if len(y) < 8:
        return int(course.starts[leap.at])
    total, n = np.concatenate([[0.0], np.cumsum(y)]), np.arange(1, len(y))
    # Where two levels fit best: the largest difference of means, each side weighted by its length.
    gap = total[n] / n - (total[-1] - total[n]) / (len(y) - n)
    at = int((np.abs(gap) * np.sqrt(n * (len(y) - n))).argmax()) + 1
    return int(shape.first_steps[low + at])


def goes_on(course: Profile, leap: Leap) -> bool:
    """Whether the loss still falls after the step: it learns on, from another level."""
    rest = course.y[leap.at :]
    third = len(rest) // 3
    if third < 3:
        return False
    fall = median(rest[:third]) - median(rest[-third:])
    return fall > 3.0 * 1.25 * slow_noise(rest) * np.sqrt(2.0 / third) and fall > 0.02 * abs(leap.size)


def is_return(y: Floats, leap: Leap, width: int) -> bool:
    """Whether the step only takes back one the other way shortly before: the end of a dip or of a bump.

    It leads back to the level before that one, then; what goes well beyond it is another level.
    """
    earlier = leaps(y, width, 2.5, -1 if leap.size > 0 else 1)
    near, sign = 5 * width, 1 if leap.size > 0 else -1
    later = median(y[leap.at : leap.at + max(width, MIN_WIDTH)])
    return any(
        leap.at - near <= one.at < leap.at
        and abs(one.size) >= 0.5 * abs(leap.size)
        and sign * (later - one.before) < BEYOND * abs(leap.size)
        for one in earlier
    )


def is_undone(y: Floats, leap: Leap, width: int) -> bool:
    """Whether a later change takes back at least half of the step at once: a stretch of other data has ended."""
    back = leaps(y, width, 2.5, -1 if leap.size > 0 else 1)
    return any(one.at > leap.at and abs(one.size) >= 0.5 * abs(leap.size) for one in back)


def noise_ratio(y: Floats, at: int, width: int) -> float:
    """Scatter of the bins after the step over that before it; 1.0 where it is not known."""
    before, after = np.abs(np.diff(y[max(0, at - 2 * width) : at])), np.abs(np.diff(y[at : at + 2 * width]))
    if len(before) < 4 or len(after) < 4 or median(before) <= 0:
        return 1.0
    return median(after) / median(before)
