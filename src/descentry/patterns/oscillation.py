"""oscillation: the loss swings with a steady period of many points.

Test: what a smooth descent leaves of the course has a line in its spectrum that stands far above the frequencies
around it (as in Fisher's test of significance in harmonic analysis, 1929, but against the local level, so that slow
noise, which has no line, does not count), and that explains a good part of the scatter.  White noise is `sawtooth`;
stairs at equal distances are `staircase`.  Where the learning rate swings with the same period the schedule explains
it and it only informs.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, log_strictness
from descentry.signal.profile import Profile, profile
from descentry.signal.shape import Shape
from descentry.signal.swings import Swing, residual, swing
from descentry.signal.words import grouped, number, percent

N_FINE_BINS = 240


@dataclass(frozen=True, slots=True)
class Oscillation:
    """Swings of a steady period in training or validation."""

    id: ClassVar[str] = "oscillation"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS, Role.VAL_LOSS)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    weight: float = 8.5
    """Power of the line over that around it, times the share of the scatter that it explains.  Of 8,000 healthy runs of
    100 to 4,000 points under five noises two pass, both of 300 points with noise that lasts for ten."""
    score: float = 15.0
    """Least power of the line over that around it: a slow wave that fills the run is no line."""
    few_points: float = 150.0
    """With this many points the line must stand twice as high: slow noise spans many of so few."""
    share: float = 0.28
    """Least share of the scatter that the period explains."""
    n_cycles: float = 4.0
    """Fewer periods are no habit."""
    live_cycles: float = 6.0
    """The same while the run goes on: slow noise swings four times in many a short stretch."""
    noise_units: float = 1.0
    """Least amplitude in noise of a single point: less would not be seen in the plot."""
    progress_share: float = 0.1
    """Least way from bottom to top as a share of what the loss falls after the first tenth: less hides nothing."""
    n_least: int = 60
    """Fewer points cannot show a period of many."""

    def judge(self, view: View) -> list[Finding]:
        found = []
        for role in (Role.TRAIN_LOSS, Role.VAL_LOSS):
            shape = view.shape(role)
            if shape is None or shape.n_points < self.n_least:
                continue
            course = profile(shape, N_FINE_BINS)
            start = len(course) // 10
            seen = swing(course.y[start:])
            if seen is not None and self._is_real(view, shape, course, seen):
                found.append(self._finding(view, role, course, seen, start))
        return found

    def _is_real(self, view: View, shape: Shape, course: Profile, seen: Swing) -> bool:
        least = (
            self.weight
            * (1.0 + self.few_points / shape.n_points)
            * log_strictness(self.alarm_rate, ended=view.ended, n_points=shape.n_points, n_first=self.n_least)
        )
        later = course.y[len(course) // 10 :]
        fall = float(
            np.median(later[: max(3, len(later) // 10)]) - np.median(later[-max(3, len(later) // 10) :])
        )
        return (
            seen.score * seen.share >= least
            and seen.score >= self.score
            and seen.share >= self.share
            and seen.n_cycles >= (self.n_cycles if view.ended else self.live_cycles)
            and seen.amplitude >= self.noise_units * course.noise
            and 2.0 * seen.amplitude >= self.progress_share * fall
            and 2.0 * seen.amplitude >= 0.01 * abs(float(np.median(later)))
        )

    def _finding(self, view: View, role: Role, course: Profile, seen: Swing, start: int) -> Finding:
        name = view.names[role]
        onset = int(course.starts[start])
        last = int(course.ends[-1])
        period = (last - onset) / seen.n_cycles
        beside = _rate_likeness(view, course, start)
        by_rate = beside is not None and abs(beside) >= 0.5
        what = "validation" if role is Role.VAL_LOSS else "the loss"
        statement = (
            f"{what} swings up and down {round(seen.n_cycles)} times, by {number(2 * seen.amplitude, course.wander)} "
            f"each, with a period of about {grouped(period)} steps"
            + (", as the learning rate does" if by_rate else "")
        )
        return Finding(
            pattern=self.id,
            severity=Severity.INFO if by_rate else Severity.WARNING,
            confidence=float(min(0.95, 0.6 + 0.5 * seen.share)),
            curve=name,
            onset_step=onset,
            end_step=None,
            detected_at_step=view.step,
            statement=statement,
            evidence=(
                Evidence(
                    f"the period explains {percent(seen.share)} of the scatter about a smooth descent", name, last,
                    seen.score, 1.0,
                ),
            ),
            facts={
                "periodic": 1.0,
                "n_events": float(round(seen.n_cycles)),
                "amplitude_noise": seen.amplitude / max(course.noise, 1e-300),
                "by_rate": float(by_rate),
                "epoch_aligned": _epoch_likeness(view, seen, onset, last),
                "on_validation": float(role is Role.VAL_LOSS),
                "on_training": float(role is Role.TRAIN_LOSS),
            },
        )  # fmt: skip


def _rate_likeness(view: View, course: Profile, start: int) -> float | None:
    """The correlation of the swings with those of the learning rate, -1 … 1; None where no rate swings."""
    rate = view.shape(Role.LEARNING_RATE)
    if rate is None or len(rate) < 20:
        return None
    beside = np.interp(course.x[start:], rate.steps, rate.levels)
    left = residual(beside)
    if float(left.std()) < 0.02 * float(np.abs(beside).max()):
        return None
    mine = residual(course.y[start:])
    # The loss follows the rate with a lag: by up to an eighth of the run either way.
    most = max(1, len(mine) // 30)
    likeness = [float(np.corrcoef(mine[lag:], left[: len(left) - lag])[0, 1]) for lag in range(most + 1)]
    return max(likeness, key=abs)


def _epoch_likeness(view: View, seen: Swing, onset: int, last: int) -> float:
    """1.0 where there are as many epochs as swings, give or take a tenth; 0.0 otherwise."""
    epochs = view.epoch_steps()
    n = int(((epochs > onset) & (epochs <= last)).sum())
    return float(n > 2 and abs(n - seen.n_cycles) <= max(1.0, 0.1 * n))
