"""divergence: a sustained rise of the training loss that does not come back by the end of the log.

Test: the mean level of the last stretch against that of the lowest stretch before it, in units of the slow
noise of the course (bins, with their autocorrelation), and as a share of what had been learnt.  A single leap
that comes back is a spike, a NaN is `nan`; a rise within noise is nothing.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.patterns.reinforced import is_reinforced
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.profile import Profile, profile
from descentry.signal.robust import median, row_medians, windows
from descentry.signal.shape import Shape
from descentry.signal.trend import slow_noise
from descentry.signal.words import grouped, number, percent


@dataclass(frozen=True, slots=True)
class Divergence:
    """The loss has gone up and stays up."""

    id: ClassVar[str] = "divergence"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

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
    """Length of the last stretch, as a share of the points: a rise must have lasted that long."""
    n_least: int = 20
    """Fewer points cannot show a sustained rise."""
    n_wait: int = 200
    """Points of a live run before slow noise is known: until then a rise must undo all that had been learnt."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.TRAIN_LOSS)
        if shape is None or shape.n_points < self.n_least or is_reinforced(view):
            return []
        course = profile(shape, 200)
        rise = _rise(course, self.stretch_share)
        if rise is None:
            return []
        before, lowest, now, score = rise
        if course.y.min() < 0.0 < course.y.max():
            # An objective of either sign (a policy loss) has no floor to fall to: it must leave its first level.
            lowest = median(course.y[: max(3, len(course) // 4)])
        first = max(shape.first, float(course.y[:before].max(initial=-np.inf)))
        descent = max(first - lowest, 0.0)
        size = now - lowest
        least = self.score * strictness(
            self.alarm_rate,
            ended=view.ended,
            n_points=shape.n_points,
            n_first=self.n_least,
            n_bins=len(course),
        )
        if score < least or size < self._least_share(view, shape) * descent:
            return []
        if size < self.noise_units * course.noise or size < self.level_share * abs(lowest):
            return []
        onset = _onset(course, before, lowest, size)
        name = view.names[Role.TRAIN_LOSS]
        onset_step = int(course.starts[onset])
        statement = (
            f"the loss rises from {number(lowest, course.wander)} to {number(now, course.wander)} "
            f"since step {grouped(onset_step)} and does not come back"
        )
        return [
            Finding(
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
            )
        ]  # fmt: skip

    def _least_share(self, view: View, shape: Shape) -> float:
        """The part of the descent that must be lost."""
        return 1.0 if not view.ended and shape.n_points < self.n_wait else self.descent_share


def _rise(course: Profile, stretch_share: float) -> tuple[int, float, float, float] | None:
    """(bin where the lowest stretch ends, its level, the last stretch's level, standard errors between).

    The lowest stretch is sought at two lengths: a fifth of the run, which sees a slow rise out of noise, and
    three bins, which see a short-lived descent at the very start.
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
    for window in (max(k, n // 5), 3):
        levels = row_medians(windows(y[: n - k], window))
        at = int(levels.argmin())
        lowest = float(levels[at])
        error = 1.25 * slow * np.sqrt(1.0 / k + 1.0 / window)
        score = (now - lowest) / error if error > 0 else 0.0
        if best is None or score > best[3]:
            best = (at + window, lowest, now, score)
    return best


def _onset(course: Profile, before: int, lowest: float, size: float) -> int:
    """The last bin before the course leaves its lowest level for good, by more than slow noise."""
    slow = slow_noise(course.y[: max(before, 12)])
    low = np.flatnonzero(course.y < lowest + min(0.25 * size, max(2.0 * slow, 0.02 * size)))
    return min(int(low[-1]) + 1 if len(low) else before, len(course) - 1)


def _is_leap(course: Profile, onset: int, size: float) -> bool:
    """Whether most of the rise happens within two bins."""
    around = course.y[max(0, onset - 1) : onset + 2]
    return bool(float(around.max() - around.min()) > 0.6 * size)
