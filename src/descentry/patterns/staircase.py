"""staircase: abrupt lasting drops between flatter stretches.

Test: drops that neither the slope on either side nor noise explains (signal/steps.py), large enough to be seen
in a plot of the whole run, linear or logarithmic.  They are then laid beside the learning-rate steps and the
epoch boundaries: a staircase is mostly a schedule, or data seen again.  The first departure from the starting
level is the beginning of learning, not a stair.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.chunk import Floats
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.profile import Profile, profile
from descentry.signal.shape import Shape
from descentry.signal.steps import Drop, drops
from descentry.signal.words import number, percent

N_FINE_BINS = 240


@dataclass(frozen=True, slots=True)
class Staircase:
    """Stairs in the training loss, and what they coincide with."""

    id: ClassVar[str] = "staircase"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    score: float = 6.0
    """A drop in units of the noise of its measurement.  Higher: only clear stairs."""
    descent_share: float = 0.03
    """Least excess of a drop as a share of the descent."""
    level_share: float = 0.25
    """Least excess as a share of the level before it: what a logarithmic plot shows."""
    lone_share: float = 0.06
    """Least excess, as a share of the descent, of a single drop that no learning-rate step explains."""
    n_least: int = 40
    """Fewer points show no flat stretches between drops."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.TRAIN_LOSS)
        if shape is None or shape.n_points < self.n_least:
            return []
        course = profile(shape, N_FINE_BINS)
        stairs = self._stairs(shape, course)
        if not stairs:
            return []
        steps = course.starts[[drop.at for drop in stairs]]
        tolerance = 1.5 * float(np.median(course.ends - course.starts)) + 0.012 * (shape.last_step - shape.first_step)
        by_rate = _near(steps, rate_drops(view), tolerance)
        by_epoch = _near(steps, view.epoch_steps(), tolerance)
        descent = _descent(shape, course)
        if len(stairs) == 1 and not by_rate and stairs[0].excess < self.lone_share * descent:
            return []
        return [self._finding(view, course, stairs, by_rate, by_epoch)]

    def _stairs(self, shape: Shape, course: Profile) -> list[Drop]:
        width = max(3, len(course) // 40)
        descent = _descent(shape, course)
        first = max(shape.first, float(course.y[0]))
        found = []
        for drop in drops(course, width, self.score):
            seen = drop.excess >= self.descent_share * descent or (
                drop.before > 0 and drop.excess >= self.level_share * drop.before
            )
            if seen and drop.before < first - 0.1 * descent:
                found.append(drop)
        return found

    def _finding(
        self, view: View, course: Profile, stairs: list[Drop], by_rate: float, by_epoch: float
    ) -> Finding:
        name = view.names[Role.TRAIN_LOSS]
        steps = tuple(int(course.starts[drop.at]) for drop in stairs)
        largest = max(stairs, key=lambda drop: drop.excess)
        where = "at learning-rate steps" if by_rate >= 0.5 else "at epoch ends" if by_epoch >= 0.5 else ""
        times = "once" if len(stairs) == 1 else f"{len(stairs)} times"
        statement = (
            f"the loss drops abruptly and for good {times}{' ' + where if where else ''}, most from "
            f"{number(largest.before, course.wander)} to {number(largest.after, course.wander)} "
            f"at step {int(course.starts[largest.at])}"
        )
        return Finding(
            pattern=self.id,
            severity=Severity.INFO,
            confidence=float(min(0.97, 0.6 + 0.02 * largest.score)),
            curve=name,
            onset_step=steps[0],
            end_step=steps[-1],
            detected_at_step=view.step,
            statement=statement,
            steps=steps,
            evidence=tuple(
                Evidence(
                    f"drop by {percent(1 - drop.after / drop.before) if drop.before else ''} beyond the slope",
                    name, int(course.starts[drop.at]), drop.after, drop.before,
                )
                for drop in stairs[:8]
            ),
            facts={
                "n_events": float(len(stairs)),
                "drop_ratio": largest.after / largest.before if largest.before else 0.0,
                "rate_aligned": by_rate,
                "epoch_aligned": by_epoch,
                "periodic": float(_is_periodic(steps)),
            },
        )  # fmt: skip


def rate_drops(view: View) -> Floats:
    """The steps at which the learning rate falls by a third or more at once, float64[k]."""
    rate = view.shape(Role.LEARNING_RATE)
    if rate is None or len(rate) < 2:
        return np.empty(0)
    before, after = rate.levels[:-1], rate.levels[1:]
    falls = (after < 0.67 * before) & (before > 0)
    # A decay to nothing also falls by a third between points, but keeps falling: a step stands alone.
    settled = np.append(np.abs(after[1:] - after[:-1]) <= 0.1 * np.abs(after[:-1]), True)
    return rate.first_steps[1:][falls & settled].astype(np.float64)


def _near(steps: Floats, marks: Floats, tolerance: float) -> float:
    """The share of the steps that lie within the tolerance of a mark."""
    if not len(marks) or not len(steps):
        return 0.0
    gap = np.abs(steps[:, None] - marks[None, :]).min(axis=1)
    # Marks so dense that anything is near one explain nothing.
    if len(marks) > 1 and float(np.median(np.diff(marks))) < 4 * tolerance:
        return 0.0
    return float((gap <= tolerance).mean())


def _descent(shape: Shape, course: Profile) -> float:
    return max(shape.first, float(course.y[0])) - float(course.y.min())


def _is_periodic(steps: tuple[int, ...]) -> bool:
    if len(steps) < 3:
        return False
    gaps = np.diff(np.array(steps, np.float64))
    return bool(gaps.std() < 0.15 * gaps.mean())
