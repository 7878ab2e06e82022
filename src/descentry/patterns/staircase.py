"""staircase: abrupt lasting drops between flatter stretches.

Test: drops that neither the slope on either side nor noise explains (signal/steps.py), large enough to be seen
in a plot of the whole run, linear or logarithmic.  They are then laid beside the learning-rate steps and the
epoch boundaries: a staircase is mostly a schedule, or data seen again.  The first departure from the starting
level is the beginning of learning, not a stair, and so is the steep midst of a descent that bends down all the way.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.chunk import Floats
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.profile import Profile, profile
from descentry.signal.robust import median, row_medians, windows
from descentry.signal.shape import Shape
from descentry.signal.steps import Drop, drops
from descentry.signal.words import grouped, number, percent

N_FINE_BINS = 240


@dataclass(frozen=True, slots=True)
class Staircase:
    """Stairs in the training loss, and what they coincide with."""

    id: ClassVar[str] = "staircase"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    score: float = 5.0
    """A drop in units of the noise of its measurement.  Higher: only clear stairs."""
    due_score: float = 3.0
    """The same where a stair was due: at a learning-rate step, an epoch's end, or in an even row."""
    lone_due_score: float = 4.0
    """The same where it is the only one: one drop near one of many epoch ends is soon found by chance."""
    lone_score: float = 10.0
    """The same for a single drop that no learning-rate step explains."""
    descent_share: float = 0.03
    """Least excess of a drop as a share of the descent."""
    bend_share: float = 0.2
    """Fall just before a drop, as a share of it, that makes it the steepest part of a descent if nothing before fell
    faster.  Lower: stairs in a slowly falling start are passed over."""
    level_share: float = 0.25
    """Least excess as a share of the level before it: what a logarithmic plot shows."""
    seen_share: float = 0.02
    """Levels below this share of the first are too near zero for a drop between them to matter."""
    n_least: int = 40
    """Fewer points show no flat stretches between drops."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.TRAIN_LOSS)
        if shape is None or shape.n_points < self.n_least:
            return []
        course = profile(shape, N_FINE_BINS)
        span = shape.last_step - shape.first_step
        tolerance = 1.5 * median(course.ends - course.starts) + 0.012 * span
        rates, epochs = rate_drops(view), view.epoch_steps()
        stairs = self._stairs(shape, course)
        marked = [
            any(_near(course.starts[[drop.at]], marks, tolerance) > 0 for marks in (rates, epochs))
            for drop in stairs
        ]
        stairs = self._believed(course, stairs, marked)
        if not stairs:
            return []
        steps = course.starts[[drop.at for drop in stairs]]
        by_rate, by_epoch = _near(steps, rates, tolerance), _near(steps, epochs, tolerance)
        return [self._finding(view, course, stairs, by_rate, by_epoch)]

    def _believed(self, course: Profile, stairs: list[Drop], marked: list[bool]) -> list[Drop]:
        """The stairs that stand alone, that lie where a stair was due, or that come at equal distances."""
        if len(stairs) >= 3 and _is_periodic([course.starts[drop.at] for drop in stairs]):
            return stairs
        strict = strictness(self.alarm_rate)
        believed = [
            drop for drop, due in zip(stairs, marked, strict=True) if due or drop.score >= self.score * strict
        ]
        least = self.lone_due_score if any(marked) else self.lone_score
        if len(believed) == 1 and believed[0].score < least * strict:
            return []
        return believed

    def _stairs(self, shape: Shape, course: Profile) -> list[Drop]:
        """Drops large enough to be seen, away from the starting level."""
        width = max(3, len(course) // 40)
        descent = _descent(shape, course)
        first = max(shape.first, float(course.y[0]))
        found = []
        for drop in drops(course, width, self.due_score * strictness(self.alarm_rate)):
            if self._is_beginning(course, first, drop, width):
                continue
            seen = drop.excess >= self.descent_share * descent or (
                drop.before > self.seen_share * abs(first) and drop.excess >= self.level_share * drop.before
            )
            if seen and drop.before < first - 0.1 * descent and not _comes_back(course.y, drop):
                found.append(drop)
        return found

    def _is_beginning(self, course: Profile, first: float, drop: Drop, width: int) -> bool:
        """Whether the drop is the steepest part of the first descent: the course bends down all the way to it."""
        levels = row_medians(windows(course.y[: drop.at], width))
        falls = levels[:-width] - levels[width:]
        last, error = float(falls[-1]), 1.25 * course.wander * math.sqrt(2.0 / width)
        if last <= self.bend_share * (drop.before - drop.after):
            return False
        # A stair departs from a course of its own, which flattens: that fell faster some time before than just now.
        start = max(first - float(levels[0]), 0.0)
        return max(float(falls[:-width].max(initial=0.0)), start) <= last + 2.0 * error

    def _finding(
        self, view: View, course: Profile, stairs: list[Drop], by_rate: float, by_epoch: float
    ) -> Finding:
        name = view.names[Role.TRAIN_LOSS]
        steps = tuple(int(course.starts[_steepest(course, drop)]) for drop in stairs)
        largest = max(stairs, key=lambda drop: drop.excess)
        where = "at learning-rate steps" if by_rate >= 0.5 else "at epoch ends" if by_epoch >= 0.5 else ""
        times = "once" if len(stairs) == 1 else f"{len(stairs)} times"
        most = "from" if len(stairs) == 1 else "most from"
        statement = (
            f"the loss drops abruptly and for good {times}{' ' + where if where else ''}, {most} "
            f"{number(largest.before, course.wander)} to {number(largest.after, course.wander)} "
            f"at step {grouped(course.starts[_steepest(course, largest)])}"
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
    steps: Floats = rate.first_steps[1:][falls & settled].astype(np.float64)
    return steps


def _comes_back(y: Floats, drop: Drop) -> bool:
    """Whether the drop only undoes an earlier rise: the level after it is not new."""
    before = y[: max(1, drop.at - 2)]
    width = max(3, len(y) // 40)
    if len(before) < 2 * width:
        return False
    levels = row_medians(windows(before, width))
    # The course may have gone on falling meanwhile, unseen below the rise.
    return float(levels.min()) <= drop.after + 0.35 * (drop.before - drop.after)


def _near(steps: Floats, marks: Floats, tolerance: float) -> float:
    """The share of the steps that lie within the tolerance of a mark."""
    if not len(marks) or not len(steps):
        return 0.0
    gap = np.abs(steps[:, None] - marks[None, :]).min(axis=1)
    # Marks so dense that anything is near one explain nothing.
    if len(marks) > 1 and median(np.diff(marks)) < 4 * tolerance:
        return 0.0
    return float((gap <= tolerance).mean())


def _steepest(course: Profile, drop: Drop) -> int:
    """The bin in which most of the drop happens: the windows that found it are wider than it."""
    begin = max(1, drop.at - 3)
    falls = (
        course.y[begin - 1 : drop.at + 3]
        - course.y[begin : drop.at + 4][: len(course.y[begin - 1 : drop.at + 3])]
    )
    return begin + int(falls.argmax()) if len(falls) else drop.at


def _descent(shape: Shape, course: Profile) -> float:
    return max(shape.first, float(course.y[0])) - float(course.y.min())


def _is_periodic(steps: Sequence[float]) -> bool:
    if len(steps) < 3:
        return False
    gaps = np.diff(np.array(steps, np.float64))
    return bool(gaps.std() < 0.12 * gaps.mean())
