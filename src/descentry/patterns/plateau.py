"""plateau: after a real fall, a long stretch in which the loss no longer falls, at a level that is not the end.

Test: in a stretch of at least a fifth of the run the first and the last third differ by no more than slow
noise, while the run's own earlier course led one to expect a fall that would have been seen.  A descent that
only slows down, as power laws do, is no plateau: what fell while the steps last doubled (d) lets one expect at
least d (1 - a/b) between steps a and b, the decay of 1/step, the fastest that is common (Hoffmann et al., 2022,
arXiv:2203.15556, find exponents near 0.3).  The level must still be a good part of the first one: a loss near
its floor has converged.  A stall in the middle counts when the fall resumes.  Where the learning rate had all
but ended, had been cut low, or was still warming up, the schedule explains the stretch and it only informs.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from descentry.patterns.planned import explains
from descentry.patterns.protocol import View
from descentry.patterns.reinforced import is_reinforced
from descentry.record.chunk import Floats, Ints
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.leaps import leaps
from descentry.signal.profile import Profile, profile
from descentry.signal.robust import median, spread
from descentry.signal.trend import shared
from descentry.signal.words import grouped, number, percent

STAIR_SCORE = 4.0
"""Noise units from which a drop is a stair and no part of the course."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bins start:stop in which nothing moves."""

    start: int
    stop: int
    change: float
    error: float


@dataclass(frozen=True, slots=True)
class Plateau:
    """The descent has stalled too early."""

    id: ClassVar[str] = "plateau"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    run_share: float = 0.2
    """Least length of the stretch as a share of the run.  Higher: only long stalls."""
    live_share: float = 0.3
    """The same while the run goes on: it is judged a hundred times, a finished one once."""
    resolution: float = 0.02
    """The stretch counts only if a fall by this share of the descent would have been seen in it."""
    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    score: float = 2.0
    """Standard errors by which the expected fall must be missed, at the default rate."""
    expected_share: float = 0.35
    """The most that may have fallen, as a share of what the earlier course led one to expect."""
    dead_share: float = 1e-4
    """A curve that scatters by less than this share of its level, for half of the run, no longer moves at all."""
    start_share: float = 0.3
    """Least level as a share of the first one: below, the loss has converged."""
    ended_share: float = 0.05
    """A learning rate below this share of its peak has ended its schedule."""
    n_least: int = 50
    """Fewer points cannot show a stall."""
    n_wait: int = 200
    """Points of a live run before its course is judged."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.TRAIN_LOSS)
        if (
            shape is None
            or shape.n_points < (self.n_least if view.ended else self.n_wait)
            or is_reinforced(view)
        ):
            return []
        course = profile(shape)
        first = max(shape.first, float(course.y[0]))
        descent = first - float(course.y.min())
        if descent < 5.0 * max(course.wander, 1e-12) or descent < 0.02 * abs(first):
            return []
        least_share = self.run_share if view.ended else self.live_share
        score = self.score * strictness(
            self.alarm_rate,
            ended=view.ended,
            n_points=shape.n_points,
            n_first=self.n_wait,
            n_bins=np.inf if view.ended else 0.5 * len(course),
        )
        stretch = self._final(course, descent, least_share, score) or self._stall(course, descent, score)
        if stretch is None:
            return []
        level = median(course.y[stretch.start : stretch.stop])
        if level < self.start_share * first or first - level < 0.05 * descent + 2.0 * course.wander:
            return []
        return [self._finding(view, course, stretch, level, first)]

    def _final(self, course: Profile, descent: float, least_share: float, score: float) -> Stretch | None:
        """The longest stretch up to the end in which nothing moves."""
        m = len(course)
        starts = np.arange(0, int((1.0 - least_share) * m) + 1, max(1, m // 50))
        for start in starts[_may_be_still(course.y, starts, m, self.resolution * descent)].tolist():
            stretch = _measure(course.y, start, m)
            if self._is_still(stretch, descent):
                stretch = self._trimmed(course, stretch)
                is_long = stretch.stop - stretch.start >= least_share * m
                return stretch if is_long and self._is_wall(course, stretch, score) else None
        return None

    def _trimmed(self, course: Profile, stretch: Stretch) -> Stretch:
        """The stretch from where the course first reaches its level: medians pass over the end of the fall."""
        part = course.y[stretch.start : stretch.stop]
        half = part[len(part) // 2 :]
        band = median(half) + 3.0 * max(spread(half), course.wander)
        above = np.flatnonzero(part[: len(part) // 2] > band)
        lead = int(above[-1]) + 1 if len(above) and above[0] == 0 else 0
        return _measure(course.y, stretch.start + lead, stretch.stop)

    def _stall(self, course: Profile, descent: float, score: float) -> Stretch | None:
        """A stretch in the middle after which the fall resumes."""
        m = len(course)
        length = max(8, int(np.ceil(self.run_share * m)))
        starts = np.arange(m // 20, m - length - m // 10, max(1, m // 50))
        after = median(course.y[-max(1, m // 20) :])
        for start in starts[_may_be_still(course.y, starts, length, self.resolution * descent)].tolist():
            stretch = _measure(course.y, start, start + length)
            before = median(course.y[max(0, start - m // 10) : max(1, start - m // 20 + 1)])
            level = median(course.y[start : start + length])
            fell = before - level >= 0.02 * descent
            if fell and level - after >= 0.15 * descent and self._is_still(stretch, descent):
                stretch = self._widened(course, stretch, descent)
                return stretch if self._is_wall(course, stretch, score) else None
        return None

    def _is_wall(self, course: Profile, stretch: Stretch, score: float) -> bool:
        """Whether the earlier course led one to expect a fall that did not come."""
        part = course.y[stretch.start : stretch.stop]
        if len(part) >= 0.5 * len(course) and spread(part) < self.dead_share * abs(median(part)):
            return True
        origin = float(course.starts[0])
        begin, end = course.x[stretch.start] - origin, course.ends[stretch.stop - 1] - origin
        half = int(np.searchsorted(course.x - origin, 0.5 * begin))
        if half >= stretch.start or begin <= 0:
            return False
        # The middle of five, so that a spike just there is no fall.
        then = median(course.y[max(0, half - 2) : half + 3])
        fell = then - median(part[: max(2, len(part) // 3)]) - _stairs(course.y, half, stretch.start)
        expected = fell * (1.0 - begin / end)
        return bool(max(stretch.change, 0.0) + score * stretch.error < self.expected_share * expected)

    def _widened(self, course: Profile, stretch: Stretch, descent: float) -> Stretch:
        while stretch.stop < len(course):
            wider = _measure(course.y, stretch.start, stretch.stop + 1)
            if not self._is_still(wider, descent):
                break
            stretch = wider
        return stretch

    def _is_still(self, stretch: Stretch, descent: float) -> bool:
        seen = max(stretch.change, 0.0) + 2.0 * stretch.error < self.resolution * descent
        return seen and stretch.change < max(2.0 * stretch.error, 1e-4 * descent)

    def _finding(self, view: View, course: Profile, stretch: Stretch, level: float, first: float) -> Finding:
        name = view.names[Role.TRAIN_LOSS]
        onset, end = int(course.starts[stretch.start]), int(course.ends[stretch.stop - 1])
        resumes = stretch.stop < len(course)
        share = (stretch.stop - stretch.start) / len(course)
        rate_share = _rate_share(view, onset, end)
        planned = explains(view, "stall", onset)
        ended = rate_share is not None and rate_share < self.ended_share
        statement = (
            f"the loss stays at {number(level, course.wander)} from step {grouped(onset)} to {grouped(end)} "
            f"({percent(share)} of the points), {percent(level / first)} of its first value"
            + (", then falls on" if resumes else "")
            + (
                "; the learning rate has ended its schedule"
                if ended
                else f"; {planned.words}"
                if planned
                else ""
            )
        )
        facts = {"mid_run": float(resumes), "final_share": level / first}
        return Finding(
            pattern=self.id,
            severity=Severity.INFO if ended or planned else Severity.WARNING,
            confidence=float(min(0.95, 0.6 + 0.5 * share)),
            curve=name,
            onset_step=onset,
            end_step=end if resumes else None,
            detected_at_step=view.step,
            resolved_at_step=end if resumes else None,
            statement=statement,
            evidence=(
                Evidence(
                    f"change over the stretch, measured to ±{number(2 * stretch.error)}",
                    name, end, -stretch.change, 0.0,
                ),
            ),
            facts=facts,
        )  # fmt: skip


def _stairs(y: Floats, start: int, stop: int) -> float:
    """How much of the fall between two bins came at once: what a schedule or other data gave lets expect no more."""
    found = leaps(y, len(y) // 24, STAIR_SCORE, -1)
    return sum(-leap.size for leap in found if start <= leap.at <= stop + 2)


def _may_be_still(y: Floats, starts: Ints, length: int, most: float) -> NDArray[np.bool_]:
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


def _measure(y: Floats, start: int, stop: int) -> Stretch:
    """How much the course falls inside a stretch, and how well that is known."""
    part = y[start:stop]
    third = max(2, len(part) // 3)
    change = median(part[:third]) - median(part[-third:])
    scatter = max(spread(part), spread(np.diff(part)) / np.sqrt(2.0))
    return Stretch(start, stop, change, float(1.25 * scatter * np.sqrt(2.0 / third)) * shared(part))


def _rate_share(view: View, onset: int, end: int) -> float | None:
    """The median learning rate inside the stretch as a share of its peak; None where it is not logged."""
    rate = view.shape(Role.LEARNING_RATE)
    if rate is None or not float(rate.levels.max()) > 0:
        return None
    inside = rate.levels[(rate.steps >= onset) & (rate.steps <= end)]
    return median(inside) / float(rate.levels.max()) if len(inside) else None
