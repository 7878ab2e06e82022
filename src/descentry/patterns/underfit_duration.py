"""underfit_duration: the losses still fall at a material rate when the log ends, and the schedule is not at its end.

Test: over the last three tenths of a complete log the training loss falls from tenth to tenth, evenly (one abrupt
drop near the end is a staircase), by more than slow noise, and by a good share of all that it had fallen.  Much less
is enough where the log itself tells that the run was to go on: the planned number of steps, or a decaying rate that
is still high; where noise hides what the last three tenths brought, the last three fifths are then asked.  Validation,
where it is logged, must fall as well.  A learning rate near the end of its schedule explains the end, unless more
steps were planned: then nothing is said.  A growing log has no end yet: this is said of complete logs alone.
Source: Hoffmann et al., Training compute-optimal large language models, 2022, arXiv:2203.15556 (what more steps buy).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.profile import Profile, profile
from descentry.signal.robust import median, spread
from descentry.signal.shape import Shape
from descentry.signal.trend import shared
from descentry.signal.words import grouped, number, percent

PLANS = (
    "max_steps", "total_steps", "max_train_steps", "num_train_steps", "train_steps", "training_steps", "num_steps",
    "max_iters", "train_iters", "total_iters", "num_iterations",
)  # fmt: skip
"""Settings that tell how many steps a run was to have."""
ENDED = ("nan", "divergence", "overfit", "grokking")
"""Patterns beside which an early end is no trouble: more steps would not have helped, or have helped."""


@dataclass(frozen=True, slots=True)
class _End:
    """Levels of the last three parts, the fall between them as a share of the whole, and the bin where they begin."""

    levels: tuple[float, float, float]
    share: float
    start: int

    @property
    def fall(self) -> float:
        return self.levels[0] - self.levels[2]


@dataclass(frozen=True, slots=True)
class UnderfitDuration:
    """The run was cut off on its way down."""

    id: ClassVar[str] = "underfit_duration"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS, Role.VAL_LOSS)

    material_share: float = 0.04
    """Least fall from the eighth to the last tenth, as a share of the whole fall.  Higher: only runs cut off early."""
    parts: float = 0.1
    """The course is compared over its last three parts of this share of the run.  Higher: surer, of an older rate."""
    planned_parts: float = 0.2
    """The same where that is noise and the log tells that the run was to go on: it need only still have fallen."""
    planned_share: float = 0.01
    """The same where the log tells that the run was to go on."""
    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    score: float = 3.0
    """Standard errors of slow noise that the fall must pass: one level end in 700 does by chance.  Higher: noisy
    runs pass in silence."""
    even_share: float = 0.25
    """Least part that each of the two falls must have in both.  Higher: only the most even course."""
    ended_share: float = 0.25
    """A learning rate below this share of its peak is near the end of its schedule."""
    going_share: float = 0.4
    """A rate that decays and is still above this share of its peak was to go on."""
    planned_margin: float = 1.1
    """The plan must hold this many times the steps of the log: the last ones are often not logged."""
    n_least: int = 20
    """Fewer points show no rate of falling."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.TRAIN_LOSS)
        if not view.ended or shape is None or shape.n_points < self.n_least:
            return []
        rate = view.shape(Role.LEARNING_RATE)
        left = _rate_left(rate)
        goes_on = self._goes_on(view, rate, left)
        ended = left is not None and left < self.ended_share and not goes_on
        if ended or any(view.said(name) for name in ENDED):
            return []
        course = profile(shape)
        end = self._end(shape, course, self.parts)
        if end is None and goes_on:
            end = self._end(shape, course, self.planned_parts)
        least = self.planned_share if goes_on else self.material_share
        if end is None or end.share < least or not _still_falls(view.shape(Role.VAL_LOSS)):
            return []
        if _drops_since(view, float(course.starts[end.start])):
            return []
        return [self._finding(view, course, end, goes_on)]

    def _end(self, shape: Shape, course: Profile, part: float) -> _End | None:
        """The fall over the last three parts; None where it is uneven or no more than noise."""
        y, m = course.y, len(course)
        edges = [round((1.0 - k * part) * m) for k in (3, 2, 1, 0)]
        parts = [y[start:stop] for start, stop in pairwise(edges)]
        first, middle, last = (median(part) for part in parts)
        fall, descent = first - last, max(shape.first, float(y[0])) - float(y.min())
        trend = np.polyval(np.polyfit(np.arange(m - edges[0]), y[edges[0] :], 2), np.arange(m - edges[0]))
        rest = y[edges[0] :] - trend
        error = 1.25 * spread(rest) * shared(rest) * float(np.sqrt(2.0 / len(parts[2])))
        if fall <= 0 or fall < self.score * strictness(self.alarm_rate) * error or descent <= 0:
            return None
        if min(first - middle, middle - last) < self.even_share * fall - error:
            return None
        return _End((first, middle, last), fall / descent, edges[0])

    def _goes_on(self, view: View, rate: Shape | None, left: float | None) -> bool:
        """Whether the log tells that more steps were planned."""
        planned = _planned(view.config)
        if planned is not None and planned >= self.planned_margin * max(1, view.step):
            return True
        if rate is None or left is None or left < self.going_share:
            return False
        late = rate.levels[-max(2, len(rate) // 5) :]
        return bool(late[-1] < 0.995 * late[0])

    def _finding(self, view: View, course: Profile, end: _End, goes_on: bool) -> Finding:
        name = view.names[Role.TRAIN_LOSS]
        onset = int(course.starts[end.start])
        first, _, last = end.levels
        planned = _planned(view.config) if goes_on else None
        plan = (
            f", {grouped(planned)} steps were planned" if planned is not None and planned > view.step else ""
        )
        statement = (
            f"the loss still falls when the log ends at step {grouped(view.step)}: from "
            f"{number(first, course.wander)} to {number(last, course.wander)} since step {grouped(onset)}, "
            f"{percent(end.share)} of its whole fall{plan}"
        )
        return Finding(
            pattern=self.id,
            severity=Severity.INFO,
            confidence=float(min(0.95, (0.75 if goes_on else 0.6) + 2.0 * end.share)),
            curve=name,
            onset_step=onset,
            end_step=None,
            detected_at_step=view.step,
            statement=statement,
            evidence=(
                Evidence("the last part against the one two parts before it", name, view.step, last, first),
            ),
            facts={"drop_ratio": last / first if first > 0 else 1.0},
        )


def _rate_left(rate: Shape | None) -> float | None:
    """The last learning rate as a share of its peak; None where it is not logged or zero."""
    if rate is None or not float(rate.high.max()) > 0:
        return None
    return float(rate.levels[-1]) / float(rate.high.max())


def _planned(config: Mapping[str, object]) -> float | None:
    """The steps that the settings plan, None where they do not tell."""
    for name in PLANS:
        value = config.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return float(value)
    return None


def _drops_since(view: View, step: float) -> bool:
    """Whether an abrupt change of level makes the fall since that step."""
    said = [view.said(name) for name in ("staircase", "data_shift")]
    return any(max((one.onset_step, *one.steps)) >= step for one in said if one is not None)


def _still_falls(validation: Shape | None) -> bool:
    """Whether validation does not contradict: its last quarter lies below the one before."""
    if validation is None or len(validation) < 4:
        return True
    k = max(1, len(validation) // 4)
    return median(validation.levels[-k:]) < median(validation.levels[-2 * k : -k])
