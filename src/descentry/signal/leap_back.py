"""Rises that are no trouble of their own: the end of a dip, and what is left of a leap that has come back.

Both rise at once and have not risen since, and both leave a run where it had learnt most of what it knows.  A course
that goes on rising is neither, whatever spikes stand in it.
"""

from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.robust import median, row_medians, windows

NEAR = 0.15
"""Levels this near, as a share of the rise, are one."""
LIKE = 0.25
"""The same for the course before a dip and after it, which falls meanwhile.  A straight descent from a level `NEAR`
below the last one to a level `NEAR` above the lowest stood, in the midst of as long a time before, 0.2 of the rise
above the last level; an exponential one stood 1.0 above it, so that it is not taken for the edge of a dip."""
AT_ONCE = 0.02
"""Share of the course within which a dip ends."""
TIMES = 4.0
"""Height of a leap in what is left of it, from which it has come back."""
KEPT = 0.5
"""Part of the descent from which most of it is kept."""


@dataclass(frozen=True, slots=True)
class Rise:
    """A rise to the end of a course, as it is asked about.

    `before`: where its lowest stretch ends; `lowest`, `now`: the levels of that stretch and of the last one; `first`:
    the level that the descent began at; `width`: the length of the last stretch.
    """

    before: int
    lowest: float
    now: float
    first: float
    width: int

    @property
    def size(self) -> float:
        return self.now - self.lowest

    def at(self, share: float) -> float:
        """The level at that share of the rise."""
        return self.lowest + share * self.size


def ends_dip(y: Floats, rise: Rise) -> bool:
    """Whether y float64[m] stood at its last level before it fell to its lowest, for as long as the fall took.

    The way back must be abrupt, and what had been learnt before the dip at least half of its depth: back at the level
    of an untaught model a run has lost what it learnt.
    """
    smooth = _threes(y)
    low = int(smooth[: rise.before].argmin())
    high = np.flatnonzero(smooth[:low] >= rise.at(1.0 - NEAR))
    back = low + np.flatnonzero(smooth[low:] >= rise.at(1.0 - NEAR))
    if not len(high) or not len(back):
        return False
    edge, end = int(high[-1]), int(back[0])
    n_fall = int(np.argmax(smooth[edge : low + 1] <= rise.at(NEAR))) or low - edge
    if edge + 1 < n_fall:
        return False
    level = median(y[edge + 1 - n_fall : edge + 1])
    n_return = end - low - int(np.flatnonzero(smooth[low:end] <= rise.at(NEAR))[-1])
    return (
        abs(level - rise.now) <= LIKE * rise.size
        and rise.first - level >= KEPT * rise.size
        and n_return <= max(2.0, AT_ONCE * len(y))
        and _has_not_risen(y, end, rise)
    )


def has_fallen_back(y: Floats, rise: Rise) -> bool:
    """Whether y float64[m] leapt out of its lowest level, several times as high as it stands now, and only fell since.

    What is lost must be less than half of what had been learnt: from a blow-up a run may come back in most part, and
    be ruined all the same.
    """
    top = rise.before + int(y[rise.before :].argmax())
    foot = y[max(0, top - rise.width) : top - 1]
    return (
        len(foot) > 0
        and float(y[top]) - rise.lowest >= TIMES * rise.size
        and rise.size <= KEPT * (rise.first - rise.lowest)
        and median(foot) <= rise.at(0.5)
        and _has_not_risen(y, top, rise)
    )


def _has_not_risen(y: Floats, start: int, rise: Rise) -> bool:
    """Whether the course stands above the midst of the rise ever since `start`, at first no lower than now."""
    after = y[start:]
    levels = row_medians(windows(after, min(rise.width, len(after))))
    return float(levels[0]) >= rise.at(1.0 - NEAR) and float(levels.min()) >= rise.at(0.5)


def _threes(y: Floats) -> Floats:
    """Running medians of three, the ends held, float64[m]."""
    return row_medians(windows(np.concatenate([y[:1], y, y[-1:]]), 3))
