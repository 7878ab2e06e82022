"""A stretch of a course in which nothing moves, and what the run's earlier course led one to expect of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Floats, Ints
from descentry.signal.leaps import leaps
from descentry.signal.profile import Profile
from descentry.signal.robust import median, spread
from descentry.signal.trend import shared

COARSEST = 1.5
"""Resolutions to which a change may be measured where a large fall was to be expected."""
CLIP = 3.0
"""Noise units beyond which a bin counts as lying there."""
STAIR_SCORE = 4.0
"""Noise units from which a drop is a stair and no part of the course, and a rise one that hides a fall."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bins start:stop in which nothing moves: by how much they fall all the same, and how well that is known."""

    start: int
    stop: int
    change: float
    error: float


@dataclass(frozen=True, slots=True)
class Bar:
    """What a stretch must pass at this look.

    `length`: its least share of the run; `score`, `most`: the standard errors and the share of the expected fall by
    which that must be missed; `seen`: the fall that would have been seen in it; `likeness`: by how much the noise
    that neighbours share widens errors in this course, at least; `dead`: the scatter, as a share of the level, of a
    curve that no longer moves at all; `is_live`: the run goes on.
    """

    length: float
    score: float
    most: float
    seen: float
    likeness: float
    dead: float
    is_live: bool


def is_still(stretch: Stretch, descent: float, bar: Bar) -> bool:
    """Whether nothing is seen to fall, though a fall by the resolution would have been."""
    seen = max(stretch.change, 0.0) + 2.0 * stretch.error < bar.seen
    return seen and stretch.change < max(2.0 * stretch.error, 1e-4 * descent)


def is_wall(course: Profile, stretch: Stretch, bar: Bar) -> bool:
    """Whether the earlier course led one to expect a fall that did not come."""
    part = course.y[stretch.start : stretch.stop]
    if len(part) >= 0.5 * len(course) and spread(part) < bar.dead * abs(median(part)):
        return True
    fell, share, half = _expected(course, stretch)
    if share <= 0.0:
        return False
    return _misses(stretch, bar, (fell - _stairs(course.y, half, stretch.start)) * share)


def may_be_wall(course: Profile, stretch: Stretch, bar: Bar) -> bool:
    """Whether so large a fall was to be expected that coarser measuring is enough, stairs not yet taken off."""
    if stretch.change >= 2.0 * stretch.error or stretch.error > COARSEST * bar.seen:
        return False
    fell, share, _half = _expected(course, stretch)
    return _misses(stretch, bar, fell * share)


def is_held_up(y: Floats, stretch: Stretch) -> bool:
    """Whether the loss leaps up inside the stretch: it falls on, from another level."""
    found = leaps(y, len(y) // 24, STAIR_SCORE, 1)
    return any(stretch.start <= leap.at <= stretch.stop for leap in found)


def may_be_still(y: Floats, starts: Ints, length: int, most: float) -> NDArray[np.bool_]:
    """Which stretches are worth measuring: the means of their outer thirds differ by little, bool[k].

    `length` counts from each start, or up to the end where that is nearer.
    """
    total = np.concatenate([[0.0], np.cumsum(y)])
    stops = np.minimum(starts + length, len(y))
    third = np.maximum(2, (stops - starts) // 3)
    first = total[starts + third] - total[starts]
    last = total[stops] - total[stops - third]
    near: NDArray[np.bool_] = np.abs(first - last) < 3.0 * most * third
    return near


def measure(y: Floats, start: int, stop: int, bar: Bar) -> Stretch:
    """How much the course falls inside a stretch, and how well that is known.

    By means while the run goes on, which tell a fifth more of the bins, medians already; of the complete run, which
    may hold any trouble, by medians.
    """
    part = y[start:stop]
    third = max(2, len(part) // 3)
    scatter = max(spread(part), spread(np.diff(part)) / np.sqrt(2.0))
    error = float(scatter * np.sqrt(2.0 / third)) * max(shared(part), bar.likeness)
    if not bar.is_live:
        return Stretch(start, stop, median(part[:third]) - median(part[-third:]), 1.25 * error)
    middle, most = median(part), CLIP * scatter
    calm = np.clip(part, middle - most, middle + most)
    return Stretch(start, stop, float(calm[:third].mean() - calm[-third:].mean()), error)


def _expected(course: Profile, stretch: Stretch) -> tuple[float, float, int]:
    """What fell while the steps last doubled, the part of it that the stretch lets one expect, and since which bin.

    0.0 for that part where the run is too short to tell.
    """
    origin = float(course.starts[0])
    begin, end = course.x[stretch.start] - origin, course.ends[stretch.stop - 1] - origin
    half = int(np.searchsorted(course.x - origin, 0.5 * begin))
    if half >= stretch.start or begin <= 0:
        return 0.0, 0.0, half
    # The middle of five, so that a spike just there is no fall.
    then = median(course.y[max(0, half - 2) : half + 3])
    part = course.y[stretch.start : stretch.stop]
    return then - median(part[: max(2, len(part) // 3)]), 1.0 - begin / end, half


def _misses(stretch: Stretch, bar: Bar, expected: float) -> bool:
    """Whether the stretch falls clearly less than so much."""
    return bool(max(stretch.change, 0.0) + bar.score * stretch.error < bar.most * expected)


def _stairs(y: Floats, start: int, stop: int) -> float:
    """How much of the fall between two bins came at once: what a schedule or other data gave lets expect no more."""
    found = leaps(y, len(y) // 24, STAIR_SCORE, -1)
    return sum(-leap.size for leap in found if start <= leap.at <= stop + 2)
