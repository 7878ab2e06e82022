"""leakage: validation lies below training for good, further than regularisation or averaging explain.

Test: each validation is held against the training that comes after it, up to the next validation, so that a training
loss averaged over an epoch has no lag left.  In the last unbroken stretch in which validation lies below, the median
gap must be a good share of the level and of the whole descent, and five standard errors of its own slow noise.
Validation sets often are a little easier than training sets, and dropout raises the training loss by some per cent:
both stay below the share.  Settings that change the training loss itself (label smoothing, mixing) end the comparison.
A test loss that is evaluated more than once is told too, as information: whatever is chosen by it, it measures no
longer.  Where it is evaluated only at new minima of validation, the choice was validation's, and nothing is said.
Source: Kapoor & Narayanan, Leakage and the reproducibility crisis, 2022, arXiv:2207.07048.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.chunk import Floats
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.profile import profile
from descentry.signal.robust import median, spread
from descentry.signal.shape import Shape
from descentry.signal.trend import shared
from descentry.signal.words import grouped, number, percent

OTHER_LOSS = ("smooth", "mixup", "cutmix", "focal")
"""Words in settings that change the training loss: validation is then measured by another."""


@dataclass(frozen=True, slots=True)
class _Below:
    """The stretch in which validation lies below: its first validation, both levels, the gap in standard errors."""

    start: int
    level: float
    beside: float
    score: float


@dataclass(frozen=True, slots=True)
class Leakage:
    """Validation is better than training, and nothing says why."""

    id: ClassVar[str] = "leakage"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.VAL_LOSS, Role.TRAIN_LOSS)

    level_share: float = 0.15
    """Least gap as a share of the training level.  Lower: easy validation sets are accused."""
    dropout_share: float = 0.4
    """The same where the settings tell of dropout."""
    descent_share: float = 0.03
    """Least gap as a share of the whole descent: near zero all levels are far apart."""
    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    score: float = 5.0
    """Standard errors of the gap, slow noise included.  Higher: later, surer."""
    run_share: float = 0.3
    """Least length of the stretch as a share of the run so far."""
    n_least: int = 5
    """Fewer validations show nothing that lasts."""
    n_wait: int = 8
    """Validations of a live run before it is judged."""

    def judge(self, view: View) -> list[Finding]:
        return [*self._easy_validation(view), *self._used_test_set(view)]

    def _easy_validation(self, view: View) -> list[Finding]:
        """Validation that stays below training."""
        train, val = view.shape(Role.TRAIN_LOSS), view.shape(Role.VAL_LOSS)
        if train is None or val is None or len(val) < (self.n_least if view.ended else self.n_wait):
            return []
        if min(train.smallest, val.smallest) < 0.0 or len(train) < self.n_least:
            return []
        least = self._least(view.config)
        below = None if least is None else self._below(view, train, val, least)
        if below is None or view.said("divergence") is not None:
            return []
        return [self._finding(view, val, below)]

    def _least(self, config: Mapping[str, object]) -> float | None:
        """The gap that is asked for, None where the two losses are not the same measure."""
        active = {name.lower() for name, value in config.items() if _is_on(value)}
        if any(word in name for name in active for word in OTHER_LOSS):
            return None
        return self.dropout_share if any("drop" in name for name in active) else self.level_share

    def _below(self, view: View, train: Shape, val: Shape, least: float) -> _Below | None:
        """The last stretch below training, where it is deep, long and sure enough."""
        course = profile(val)
        beside = _training_after(train, course.x)
        gaps = beside - course.y
        half = np.flatnonzero(gaps < 0.5 * least * beside)
        start = int(half[-1]) + 1 if len(half) else 0
        n = len(gaps) - start
        length = val.last_step - course.starts[start] if n else 0
        if n < self.n_least or length < self.run_share * (val.last_step - train.first_step):
            return None
        part, level = gaps[start:], median(beside[start:])
        gap, descent = median(part), train.first - float(train.levels.min())
        error = 1.25 * spread(part) * shared(part) / np.sqrt(n)
        score = self.score * strictness(
            self.alarm_rate, ended=view.ended, n_points=val.n_points, n_first=self.n_wait
        )
        if gap < least * level or gap < self.descent_share * descent or gap < score * error:
            return None
        return _Below(start, level - gap, level, float(min(gap / error, 99.0)) if error > 0 else 99.0)

    def _used_test_set(self, view: View) -> list[Finding]:
        """A test loss that was looked at more than once in the run."""
        test = view.shape(Role.TEST_LOSS)
        if test is None or test.n_points < 2 or test.last_step == test.first_step:
            return []
        if _follows_minima(test, view.shape(Role.VAL_LOSS)):
            return []
        name, second = view.names[Role.TEST_LOSS], int(test.first_steps[1])
        statement = (
            f"the test loss is evaluated {grouped(test.n_points)} times, from step {grouped(test.first_step)} to "
            f"{grouped(test.last_step)}: a leak of the test set into every choice that is made by it"
        )
        evidence = Evidence(
            "evaluations of the test set, where one is due", name, second, float(test.n_points), 1.0
        )
        return [
            Finding(
                pattern=self.id,
                severity=Severity.INFO,
                confidence=0.8,
                curve=name,
                onset_step=second,
                end_step=None,
                detected_at_step=view.step,
                statement=statement,
                evidence=(evidence,),
                facts={"test_set_used": 1.0},
            )
        ]

    def _finding(self, view: View, val: Shape, below: _Below) -> Finding:
        name = view.names[Role.VAL_LOSS]
        onset = int(profile(val).starts[below.start])
        share = 1.0 - below.level / below.beside
        since = "from the start" if below.start <= 1 else f"since step {grouped(onset)}"
        statement = (
            f"validation lies {percent(share)} below training {since}: "
            f"{number(below.level)} beside {number(below.beside)}"
        )
        return Finding(
            pattern=self.id,
            # What holds from the first evaluation on is another measure, such as dropout or smoothed labels make: only
            # what training has seen can be known better by and by.
            severity=Severity.INFO if below.start <= 1 else Severity.WARNING,
            confidence=float(min(0.9, 0.55 + share)),
            curve=name,
            onset_step=onset,
            end_step=None,
            detected_at_step=view.step,
            statement=statement,
            evidence=(
                Evidence(
                    f"validation against the training after it, {number(below.score)} standard errors below",
                    name, val.last_step, below.level, below.beside,
                ),
            ),
            facts={"on_validation": 1.0},
        )  # fmt: skip


def _follows_minima(test: Shape, val: Shape | None) -> bool:
    """Whether the test set was evaluated where validation was best so far, and left alone elsewhere."""
    if val is None or len(val) < 2:
        return False
    lowest = np.minimum.accumulate(val.levels)
    is_least, is_new = val.levels <= lowest, np.append(True, val.levels[1:] < lowest[:-1])
    reach = 0.5 * median(np.diff(val.steps))
    near = np.clip(np.searchsorted(test.steps, val.steps - reach), 0, len(test) - 1)
    is_tested = np.abs(test.steps[near] - val.steps) <= reach
    left_alone = ~is_tested
    if not left_alone.any() or not is_tested.any():
        return False
    return float(is_least[is_tested].mean()) > 0.9 and float(is_new[left_alone].mean()) < 0.5


def _is_on(value: object) -> bool:
    return value is True or (isinstance(value, int | float) and value > 0)


def _training_after(train: Shape, steps: Floats) -> Floats:
    """The training level between each validation and the next one, float64[k]; the last points for the last one."""
    interval = median(np.diff(steps)) if len(steps) > 1 else 1.0
    starts = np.searchsorted(train.steps, steps, side="right")
    stops = np.searchsorted(train.steps, steps + interval, side="right")
    starts = np.minimum(starts, np.maximum(0, len(train) - 1))
    stops = np.maximum(stops, starts + 1)
    # The last validation has nothing after it: it takes as many points from before.
    n_usual = max(1, int(median((stops - starts).astype(np.float64))))
    starts = np.where(len(train) - starts < n_usual, max(0, len(train) - n_usual), starts)
    return np.array([median(train.levels[a:b]) for a, b in zip(starts.tolist(), stops.tolist(), strict=True)])
