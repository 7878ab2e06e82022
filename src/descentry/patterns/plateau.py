"""plateau: after a real fall, a long stretch in which the loss no longer falls, at a level that is not the end.

Test: in a stretch of at least a fifth of the run the first and the last third differ by no more than slow
noise, while the run's own earlier course led one to expect a fall that would have been seen.  A descent that
only slows down, as power laws do, is no plateau: what fell while the steps last doubled (d) lets one expect at
least d (1 - a/b) between steps a and b, the decay of 1/step, the fastest that is common (Hoffmann et al., 2022,
arXiv:2203.15556, find exponents near 0.3).  The level must still be a good part of the first one: a loss near
its floor has converged.  A stall in the middle counts when the fall resumes.  Where the learning rate had all
but ended, had been cut low, or was still warming up, the schedule explains the stretch and it only informs.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from descentry.patterns.planned import explains
from descentry.patterns.protocol import View
from descentry.patterns.reinforced import is_reinforced
from descentry.patterns.stretch import (
    Bar,
    Stretch,
    is_held_up,
    is_still,
    is_wall,
    may_be_still,
    may_be_wall,
    measure,
)
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.profile import N_BINS, Profile, profile
from descentry.signal.robust import median, spread
from descentry.signal.shape import Shape
from descentry.signal.trend import shared_slowly
from descentry.signal.words import grouped, number, percent

N_LIVE_BINS = 200
"""Bins of a live run: a stretch is short then, and few bins tell its noise badly."""


@dataclass(frozen=True, slots=True)
class Plateau:
    """The descent has stalled too early."""

    id: ClassVar[str] = "plateau"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    run_share: float = 0.2
    """Least length of the stretch as a share of the run.  Higher: only long stalls."""
    live_share: float = 0.2
    """The same while the run goes on."""
    resolution: float = 0.02
    """The stretch counts only if a fall by this share of the descent would have been seen in it."""
    kept_share: float = 0.6
    """Part of what was asked for that suffices once a live run was said to stall.  Higher: withdrawn sooner."""
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
    spent_share: float = 1e-3
    """A learning rate below this share of its peak moves nothing."""
    coarse: float = 3.0
    """By how much less sharply the stall need be seen where the rate is spent."""
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
        course = profile(shape, N_BINS if view.ended else N_LIVE_BINS)
        first = max(shape.first, float(course.y[0]))
        descent = first - float(course.y.min())
        if descent < 5.0 * max(course.wander, 1e-12) or descent < 0.02 * abs(first):
            return []
        bar = self._bar(view, shape, course, descent)
        stretch = (
            self._without_rate(view, course, descent, bar)
            or self._final(course, descent, bar)
            or self._kept(view, course, bar)
            or self._stall(course, descent, bar)
        )
        if stretch is None:
            return []
        level = median(course.y[stretch.start : stretch.stop])
        if level < self.start_share * first or first - level < 0.05 * descent + 2.0 * course.wander:
            return []
        return [self._finding(view, course, stretch, level, first)]

    def _bar(self, view: View, shape: Shape, course: Profile, descent: float) -> Bar:
        """What a stretch must pass now."""
        likeness = 1.0 if view.ended else shared_slowly(course.y)
        score = self.score * strictness(
            self.alarm_rate,
            ended=view.ended,
            n_points=shape.n_points,
            n_first=self.n_wait,
            n_bins=np.inf if view.ended else 0.5 * len(course) / likeness**2,
        )
        length = self.run_share if view.ended else self.live_share
        return Bar(
            length, score, self.expected_share, self.resolution * descent, likeness, self.dead_share,
            not view.ended,
        )  # fmt: skip

    def _kept(self, view: View, course: Profile, bar: Bar) -> Stretch | None:
        """The stretch that was told of a live run, up to now, unless the fall has clearly gone on."""
        if view.ended or not view.stood or view.stood[0].end_step is not None:
            return None
        start = int(np.searchsorted(course.starts, view.stood[0].onset_step))
        if len(course) - start < bar.length * len(course):
            return None
        stretch = measure(course.y, start, len(course), bar)
        easy = replace(bar, score=self.kept_share * bar.score, most=bar.most / self.kept_share)
        return stretch if is_wall(course, stretch, easy) else None

    def _without_rate(self, view: View, course: Profile, descent: float, bar: Bar) -> Stretch | None:
        """The stretch up to now in which the logged rate is next to nothing: why it stands still needs no guess."""
        rate = view.shape(Role.LEARNING_RATE)
        if rate is None or not len(rate) or not float(rate.levels.max()) > 0:
            return None
        alive = np.flatnonzero(rate.levels > self.spent_share * float(rate.levels.max()))
        end_of_rate = float(rate.steps[alive[-1]])
        start = int(np.searchsorted(course.starts, end_of_rate, side="right"))
        if len(course) - start < bar.length * len(course):
            return None
        # That nothing moves is known beforehand: the loss has but to agree, as closely as its noise lets one see.
        coarse = replace(bar, seen=self.coarse * bar.seen)
        stretch = measure(course.y, start, len(course), coarse)
        return stretch if is_still(stretch, descent, coarse) else None

    def _final(self, course: Profile, descent: float, bar: Bar) -> Stretch | None:
        """The longest stretch up to the end in which nothing moves."""
        m = len(course)
        starts = np.arange(0, int((1.0 - bar.length) * m) + 1, max(1, m // 50))
        for start in starts[may_be_still(course.y, starts, m, bar.seen)].tolist():
            stretch = measure(course.y, start, m, bar)
            if is_still(stretch, descent, bar) or (bar.is_live and may_be_wall(course, stretch, bar)):
                stretch = self._trimmed(course, stretch, bar)
                is_long = stretch.stop - stretch.start >= bar.length * m
                is_real = is_long and is_wall(course, stretch, bar)
                return stretch if is_real and not (bar.is_live and is_held_up(course.y, stretch)) else None
        return None

    def _trimmed(self, course: Profile, stretch: Stretch, bar: Bar) -> Stretch:
        """The stretch from where the course first reaches its level: medians pass over the end of the fall."""
        part = course.y[stretch.start : stretch.stop]
        half = part[len(part) // 2 :]
        band = median(half) + 3.0 * max(spread(half), course.wander)
        above = np.flatnonzero(part[: len(part) // 2] > band)
        lead = int(above[-1]) + 1 if len(above) and above[0] == 0 else 0
        return measure(course.y, stretch.start + lead, stretch.stop, bar)

    def _stall(self, course: Profile, descent: float, bar: Bar) -> Stretch | None:
        """A stretch in the middle after which the fall resumes."""
        m = len(course)
        length = max(8, int(np.ceil(self.run_share * m)))
        starts = np.arange(m // 20, m - length - m // 10, max(1, m // 50))
        after = median(course.y[-max(1, m // 20) :])
        for start in starts[may_be_still(course.y, starts, length, bar.seen)].tolist():
            before = median(course.y[max(0, start - m // 10) : max(1, start - m // 20 + 1)])
            level = median(course.y[start : start + length])
            if before - level < 0.02 * descent or level - after < 0.15 * descent:
                continue
            stretch = measure(course.y, start, start + length, bar)
            if is_still(stretch, descent, bar):
                stretch = self._widened(course, stretch, descent, bar)
                return stretch if is_wall(course, stretch, bar) else None
        return None

    def _widened(self, course: Profile, stretch: Stretch, descent: float, bar: Bar) -> Stretch:
        while stretch.stop < len(course):
            wider = measure(course.y, stretch.start, stretch.stop + 1, bar)
            if not is_still(wider, descent, bar):
                break
            stretch = wider
        return stretch

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


def _rate_share(view: View, onset: int, end: int) -> float | None:
    """The median learning rate inside the stretch as a share of its peak; None where it is not logged."""
    rate = view.shape(Role.LEARNING_RATE)
    if rate is None or not float(rate.levels.max()) > 0:
        return None
    inside = rate.levels[(rate.steps >= onset) & (rate.steps <= end)]
    return median(inside) / float(rate.levels.max()) if len(inside) else None
