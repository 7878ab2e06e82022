"""One stay of a curve above its level: when it began, how high and how long it went, whether it came back."""

import math
from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats

N_LEAP = 3
"""Points in which a leap reaches half of its height."""
CLIMB_SHARE = 0.3
"""A rise over more points than this share of those before it is a hump of the course."""
MARGIN_LOW, MARGIN_FEW = 1.15, 2.0
"""How far above the reach a leap must go: always, and by the root of the points before it."""
LEAST_RUN_UP = 3
"""Rises in a row before it that belong to the rise: noise brings so many once in 24 times, and fewer say nothing."""


@dataclass(slots=True)
class Excursion:
    """A stay above the level: where it began, its peak, the level and noise it is measured against.

    `n_points` counts points above the limit, `stay` the longest row of neighbouring ones.  Indices count finite
    points from the start of the curve; `previous` is the value just before the first point, `run_up` the rises in a
    row that lead up to it.  `low_since`: the lowest block median since the peak.  `point_noise`: of single points
    about their neighbours, as an eye sees it; `noise` counts slow noise too.
    """

    onset_step: int
    level: float
    noise: float
    peak: float
    peak_step: int
    first_index: int
    last_index: int
    previous: float
    point_noise: float
    run_up: int = 0
    early_peak: float = float("-inf")
    peak_index: int = -1
    n_points: int = 0
    n_in_row: int = 0
    stay: int = 0
    end_step: int | None = None
    told_at: int | None = None
    low_since: float = float("inf")

    @property
    def height(self) -> float:
        return self.peak - self.level

    @property
    def score(self) -> float:
        """The height in units of the noise that was known when it began: over the level, or in its leap.

        A leap takes few points, so slow noise has no part in it, as it has in how far the level lies below.
        """
        leap = self.early_peak - max(self.level, self.previous)
        return max(self.height / self.noise, leap / self.point_noise)

    def take(self, step: int, value: float, index: int) -> None:
        """One more point above the limit."""
        self.n_points += 1
        self.n_in_row = self.n_in_row + 1 if index == self.last_index + 1 else 1
        self.stay = max(self.stay, self.n_in_row)
        self.last_index = index
        if index < self.first_index + N_LEAP:
            self.early_peak = max(self.early_peak, value)
        if value >= self.peak:
            self.peak, self.peak_step, self.low_since = value, step, float("inf")
            self.peak_index = index

    @property
    def comes_back(self) -> bool:
        """Whether at least half of the height was lost again; a fresh leap has had no time to.

        What is still up must have leapt, not climbed: from the point before it half of the height in N_LEAP points.
        """
        if self.low_since <= self.level + 0.5 * self.height:
            return True
        leapt = self.early_peak - self.previous >= 0.5 * self.height
        return leapt and self.end_step is None

    @property
    def is_climb(self) -> bool:
        """Whether it took long to its top, against all that came before it: a hump of the course, no leap.

        Where there is next to no noise the rise began before it passed the limit.
        """
        began = self.first_index - (self.run_up if self.run_up >= LEAST_RUN_UP else 0)
        return self.peak_index - began > max(N_LEAP, CLIMB_SHARE * began)


def run_up(values: Floats) -> int:
    """How many rises in a row lead up to the last of float64[n], n > 0."""
    stays = np.flatnonzero(np.diff(values) <= 0)
    return len(values) - 1 - (int(stays[-1]) + 1 if len(stays) else 0)


def bar_of(events: list[Excursion], bars: tuple[float, ...]) -> float:
    """The score from which these excursions are no noise: the m-th bar where so many pass it; infinity if none do."""
    order = sorted((event.score / margin(event) for event in events), reverse=True)
    passed = [bar for score, bar in zip(order, bars, strict=False) if score >= bar]
    return min(passed, default=bars[0] if bars else math.inf)


def margin(event: Excursion) -> float:
    """How far above the reach a leap must go.

    It is measured from the lowest of four levels, which lies a little under the middle of the noise; what few points
    before it say of the noise is a guess.
    """
    return MARGIN_LOW + MARGIN_FEW / math.sqrt(max(event.first_index, 1))


def rank_score(events: list[Excursion], rank: int) -> float:
    """The score that `rank` excursions pass; 0.0 where there are no more than these."""
    return sorted((event.score for event in events), reverse=True)[rank] if len(events) > rank else 0.0


def forget_low(events: list[Excursion]) -> None:
    """Keep the newest excursion and, of all others, the higher half, in their order."""
    least = sorted(event.score for event in events)[len(events) // 2]
    events[:] = [event for event in events[:-1] if event.score >= least] + events[-1:]
