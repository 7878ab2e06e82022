"""divergence: a sustained rise of the training loss that does not come back by the end of the log.

Test: the mean level of the last stretch against that of the lowest stretch before it, in units of the slow
noise of the course (bins, with their autocorrelation), and as a share of what had been learnt.  A single leap
that comes back is a spike, a NaN is `nan`; a rise within noise is nothing, and so is the end of a dip and what is left
of a leap that has come back (signal/leap_back.py).
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.patterns.reinforced import is_reinforced
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, HASTE_COST, strictness
from descentry.signal.climb import climb
from descentry.signal.leap_back import Rise, ends_dip, has_fallen_back
from descentry.signal.profile import Profile, profile
from descentry.signal.robust import median, row_medians, windows
from descentry.signal.shape import Shape
from descentry.signal.trend import shared_slowly, slow_noise
from descentry.signal.words import grouped, number, percent

N_FINE_BINS = 200
N_CLIMB_BINS = 400
"""Bins of a climb, which is short."""
N_LOW = 9
"""Least points of a lowest stretch, where the run has many: of the lowest of all threes, two are strays."""


@dataclass(frozen=True, slots=True)
class Risen:
    """Bin where the lowest stretch ends, its level, the last one's, standard errors between; what came before."""

    before: int
    lowest: float
    now: float
    score: float
    first: float
    descent: float

    @property
    def size(self) -> float:
        return self.now - self.lowest


@dataclass(frozen=True, slots=True)
class Divergence:
    """The loss has gone up and stays up."""

    id: ClassVar[str] = "divergence"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)
    hastens: ClassVar[bool] = True

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    score: float = 6.0
    """Standard errors of slow noise that the rise must pass, at the default rate (signal/alarms.py)."""
    descent_share: float = 0.10
    """Least rise as a share of the descent before it.  Higher: only runs that lose much of what they learnt."""
    noise_units: float = 0.5
    """Least rise in noise of a single point: less would not be seen in the plot."""
    level_share: float = 0.01
    """Least rise as a share of the level."""
    stretch_share: float = 0.1
    """Length of the last stretch, as a share of the points: half of it must stand above."""
    kept_share: float = 0.25
    """Part of what was asked for that suffices once a live run was said to diverge.  Higher: withdrawn sooner."""
    climb_share: float = 0.05
    """Least rise as a share of the descent of a live run that goes on rising.  Higher: later, surer."""
    past_factor: float = 3.0
    """The same in the largest rise before, which came back.  Higher: later, surer."""
    gain_share: float = 0.25
    """Least gain of the later half of such a climb over the earlier one, as a share of the rise: a step has none."""
    gain_score: float = 3.0
    """The same in standard errors."""
    climb_length: float = 0.015
    """Least length of a climb as a share of the run so far.  Lower: spikes are taken for it."""
    n_climb: int = 10
    """Least points of a climb.  Lower: earlier in short runs, a few strays are taken for it."""
    n_least: int = 20
    """Fewer points cannot show a sustained rise."""
    n_wait: int = 200
    """Points of a live run before slow noise is known: until then a rise must undo all that had been learnt."""
    young_share: float = 0.1
    """Least rise as a share of the level until then: what had been learnt may be nothing yet."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.TRAIN_LOSS)
        if shape is None or shape.n_points < self.n_least or is_reinforced(view):
            return []
        course = profile(shape, N_FINE_BINS)
        risen = self._risen(view, shape, course, self.stretch_share)
        if risen is None and view.stood and not view.ended:
            risen = self._risen(view, shape, course, self._least_climb(shape), self.kept_share)
        elif risen is None and not view.ended and self._may_climb(course):
            course = profile(shape, N_CLIMB_BINS)
            risen = self._climbing(view, shape, course)
        return [] if risen is None else [self._finding(view, shape, course, risen)]

    def _risen(
        self, view: View, shape: Shape, course: Profile, stretch_share: float, part: float = 1.0
    ) -> Risen | None:
        """The rise to a last stretch of that length, where it is clear and large enough; `part` of that suffices."""
        found = _rise(course, stretch_share, shape.n_points)
        if found is None:
            return None
        before, lowest, now, score = found
        if course.y.min() < 0.0 < course.y.max():
            # An objective of either sign (a policy loss) has no floor to fall to: it must leave its first level.
            lowest = median(course.y[: max(3, len(course) // 4)])
        first = max(shape.first, float(course.y[:before].max(initial=-np.inf)))
        risen = Risen(before, lowest, now, score, first, max(first - lowest, 0.0))
        if not self._is_real(view, shape, course, risen, self.descent_share, part):
            return None
        return None if _is_leap_back(course, risen, stretch_share) else risen

    def _least_climb(self, shape: Shape) -> float:
        """The least length of a climb, by which it is judged anew once it was told, as a share of the run so far."""
        return max(self.climb_length, self.n_climb / shape.n_points)

    def _may_climb(self, course: Profile) -> bool:
        """Whether the last values stand high enough to be worth looking at closely."""
        low, high = float(course.y.min()), float(course.y.max())
        return median(course.y[-3:]) - low >= 0.5 * self.climb_share * (high - low)

    def _climbing(self, view: View, shape: Shape, course: Profile) -> Risen | None:
        """A rise that goes on rising, and by far more than the run ever rose before."""
        if course.y.min() < 0.0 < course.y.max():
            return None
        found = climb(course.y, math.ceil(self._least_climb(shape) * len(course)))
        if found is None or found.size < self.past_factor * found.past:
            return None
        first = max(shape.first, float(course.y[: found.before].max(initial=-np.inf)))
        descent = max(first - found.lowest, 0.0)
        risen = Risen(found.before, found.lowest, found.later, found.score, first, descent)
        goes_on = found.gain >= max(self.gain_share * found.size, self.gain_score * found.error)
        # Where all is lost that had been learnt, it need not go on: it is enough that nothing comes back.
        is_lost = found.size >= descent and found.gain > -found.error
        is_real = self._is_real(view, shape, course, risen, self.climb_share)
        return risen if (goes_on or is_lost) and is_real else None

    def _is_real(
        self, view: View, shape: Shape, course: Profile, risen: Risen, least_share: float, part: float = 1.0
    ) -> bool:
        """Whether the rise is more than noise, at this look, and more than a trifle."""
        least = self.score * strictness(
            self.alarm_rate / HASTE_COST,
            ended=view.ended,
            n_points=shape.n_points,
            n_first=self.n_least,
            n_bins=len(course) if view.ended else len(course) / shared_slowly(course.y) ** 2,
        )
        is_young = not view.ended and shape.n_points < self.n_wait
        return (
            risen.score >= part * least
            and risen.size >= part * (1.0 if is_young else least_share) * risen.descent
            and risen.size >= part * self.noise_units * course.noise
            and risen.size >= part * (self.young_share if is_young else self.level_share) * abs(risen.lowest)
        )

    def _finding(self, view: View, shape: Shape, course: Profile, risen: Risen) -> Finding:
        before, lowest, now, size = risen.before, risen.lowest, risen.now, risen.size
        score, first, descent = risen.score, risen.first, risen.descent
        onset = _onset(course, before, lowest, size)
        name = view.names[Role.TRAIN_LOSS]
        onset_step = int(course.starts[onset])
        statement = (
            f"the loss rises from {number(lowest, course.wander)} to {number(now, course.wander)} "
            f"since step {grouped(onset_step)} and does not come back"
        )
        return Finding(
            pattern=self.id,
            severity=Severity.CRITICAL,
            confidence=float(min(0.99, 0.7 + 0.02 * score)),
            curve=name,
            onset_step=onset_step,
            end_step=None,
            detected_at_step=view.step,
            statement=statement,
            evidence=(
                Evidence(
                    f"level of the last stretch, {number(score)} standard errors above the lowest",
                    name, shape.last_step, now, lowest,
                ),
                Evidence(f"{percent(size / max(descent, size))} of the descent lost", name, onset_step,
                         now, first),
            ),
            facts={
                "rise_over_level": size / max(abs(lowest), 1e-300),
                "rise_over_descent": size / max(descent, 1e-300),
                "after_spike": float(_is_leap(course, onset, size)),
            },
        )  # fmt: skip


def _rise(course: Profile, stretch_share: float, n_points: int) -> tuple[int, float, float, float] | None:
    """(bin where the lowest stretch ends, its level, the last stretch's level, standard errors between).

    The lowest stretch is sought at two lengths: a fifth of the run, which sees a slow rise out of noise, and
    three bins (or what holds `N_LOW` points), which see a short-lived descent at the very start.
    """
    y = course.y
    n = len(y)
    k = max(3, round(stretch_share * n))
    if n < 3 * k:
        return None
    # Half of the last stretch must stand above: one high bin is no level.
    now = min(median(y[-k:]), median(y[-max(2, k // 2) :]))
    slow = slow_noise(y)
    best: tuple[int, float, float, float] | None = None
    short = min(k, max(3, math.ceil(N_LOW * n / n_points)))
    for window in (max(k, n // 5), short):
        levels = row_medians(windows(y[: n - k], window))
        at = int(levels.argmin())
        lowest = float(levels[at])
        error = 1.25 * slow * np.sqrt(1.0 / k + 1.0 / window)
        score = (now - lowest) / error if error > 0 else 0.0
        if best is None or score > best[3]:
            best = (at + window, lowest, now, score)
    return best


def _is_leap_back(course: Profile, risen: Risen, stretch_share: float) -> bool:
    """Whether the rise ends a dip, or is the rest of a leap that has come back."""
    width = max(3, round(stretch_share * len(course)))
    rise = Rise(risen.before, risen.lowest, risen.now, risen.first, width)
    return ends_dip(course.y, rise) or has_fallen_back(course.y, rise)


def _onset(course: Profile, before: int, lowest: float, size: float) -> int:
    """The last bin before the course leaves its lowest level for good, by more than slow noise."""
    slow = slow_noise(course.y[: max(before, 12)])
    low = np.flatnonzero(course.y < lowest + min(0.25 * size, max(2.0 * slow, 0.02 * size)))
    return min(int(low[-1]) + 1 if len(low) else before, len(course) - 1)


def _is_leap(course: Profile, onset: int, size: float) -> bool:
    """Whether most of the rise happens within two bins."""
    around = course.y[max(0, onset - 1) : onset + 2]
    return bool(float(around.max() - around.min()) > 0.6 * size)
