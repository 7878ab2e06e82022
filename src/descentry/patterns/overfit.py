"""overfit: validation turns up while training keeps falling; the onset is the validation minimum.

Test: the level of the last validations against the minimum of the smoothed validation curve, in units of the
validation noise, and as a share of the minimum or of what validation had gained.  With four to six validations
noise cannot be told from course: then every one after the minimum must be higher than the one before, or the
rise large.  Training must not have risen with it, by a third as much as validation beyond its own noise or by more than
its points scatter: then both have turned, and nothing is learnt by heart.
Source: Prechelt, Early stopping - but when?, 1998 (generalisation loss GL).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.chunk import Floats
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.profile import profile
from descentry.signal.robust import SQRT_6, median, spread
from descentry.signal.shape import Shape
from descentry.signal.trend import half_window, slow_noise, smoothed
from descentry.signal.words import grouped, number, percent

N_LEVEL = 3
"""Least points of training that make a level."""


@dataclass(frozen=True, slots=True)
class Overfit:
    """Validation rises, training falls."""

    id: ClassVar[str] = "overfit"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.VAL_LOSS, Role.TRAIN_LOSS)
    hastens: ClassVar[bool] = True

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    score: float = 6.0
    """Rise of the last validations in standard errors, slow noise included.  Higher: later, surer."""
    noise_units: float = 1.5
    """Least rise in noise of one validation: less would not be seen in the plot."""
    minimum_share: float = 0.01
    """Least rise as a share of the minimum.  Higher: mild overfitting is passed over."""
    gain_share: float = 0.03
    """Least rise as a share of what validation had gained before its minimum."""
    few_share: float = 0.03
    """Least rise as a share of the minimum when there are too few validations to know their noise."""
    few_units: float = 1.0
    """The same in noise of a single point of training, which validation seldom has more of."""
    large_share: float = 0.2
    """A rise by this share of the minimum is critical."""
    kept_share: float = 0.5
    """Part of its rise above which validation must stay for a live run to be said to overfit still."""
    along_share: float = 0.33
    """Training that rises by this share of validation's rise has turned with it.  Higher: what makes both worse is
    taken for overfitting."""
    along_score: float = 2.0
    """The same in standard errors of training.  Lower: overfitting is missed where training is noisy."""
    stray_share: float = 0.3
    """Part of the rise that must be left to a live run without its lowest validation, which may be a stray."""
    n_least: int = 4
    """Fewer validations cannot show a turn."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.VAL_LOSS)
        if shape is None or len(shape) < self.n_least:
            return []
        values = shape.levels
        smooth = smoothed(values)
        low = int(smooth.argmin())
        n_after = len(values) - 1 - low
        if n_after < 2:
            return []
        bottom = float(smooth[low])
        k = max(2, n_after // 4)
        last = median(values[-k:]) if n_after >= 4 else float(values[-k:].min())
        rise = last - bottom
        noise = _noise(values)
        train = view.shape(Role.TRAIN_LOSS)
        few = max(self.few_share * abs(bottom), self.few_units * train.noise if train is not None else 0.0)
        is_kept = bool(view.stood) and not view.ended and self._is_kept(values[low:], rise, bottom)
        is_stray = not view.ended and self._is_stray(values)
        if not is_kept and (is_stray or not self._is_real(values, low, rise, noise, bottom, few)):
            return []
        step = int(shape.last_steps[low])
        trend = _training_since(train, step)
        if trend == "rising" or self._rises_along(train, shape, low, k, rise):
            return []
        return [self._finding(view, shape, low, bottom, last, noise, trend)]

    def _is_kept(self, after: Floats, rise: float, bottom: float) -> bool:
        """Whether validation, which was said to rise, has not come back: a few more values may tell noise worse."""
        still = float(after[-2:].min()) - bottom >= self.kept_share * float(after.max() - bottom)
        return still and rise >= self.minimum_share * abs(bottom)

    def _is_stray(self, values: Floats) -> bool:
        """Whether the lowest validation stands alone: most of the rise is from it to the next lowest."""
        lowest, next_lowest = np.partition(values, 1)[:2].tolist()
        return bool(values[-1] - next_lowest < self.stray_share * (values[-1] - lowest))

    def _is_real(
        self, values: Floats, low: int, rise: float, noise: float, bottom: float, few: float
    ) -> bool:
        """Whether the rise is more than noise and more than a trifle; `few`: than that where noise is unknown."""
        gain = max(float(values[0]) - bottom, 0.0)
        if rise < self.minimum_share * abs(bottom) or rise < self.gain_share * gain:
            return False
        after = values[low:]
        steady = bool((np.diff(after) > 0).all())
        if len(values) <= 6:
            return (steady and len(after) >= 3 and rise >= few) or (
                rise >= 0.3 * abs(bottom) and bool((after[1:] > bottom + 0.5 * rise).all())
            )
        n_last, n_smoothed = max(2, len(after) // 4), 2 * half_window(len(values)) + 1
        error = 1.25 * max(slow_noise(values), noise) * np.sqrt(1.0 / n_last + 1.0 / n_smoothed)
        if rise < self.noise_units * noise or rise < self.score * strictness(self.alarm_rate) * error:
            return False
        # The last quarter must stand above nearly all that came around the minimum.
        return float(np.mean(after[len(after) // 2 :] > bottom + 0.3 * rise)) >= 0.8

    def _rises_along(self, train: Shape | None, val: Shape, low: int, k: int, rise: float) -> bool:
        """Whether training rises as well between the stretches that validation is compared at."""
        if train is None or len(train) < 4 or train.noise <= 0.0:
            return False
        half = half_window(len(val))
        then = _between(train, val.steps[max(0, low - half)], val.steps[min(len(val) - 1, low + half)])
        now = _between(train, val.steps[-k], val.steps[-1])
        risen = median(now) - median(then)
        if risen < self.along_share * rise:
            return False
        course = profile(train)
        n_each = len(train) / len(course)
        n_now, n_then = (max(1.0, len(part) / n_each) for part in (now, then))
        error = 1.25 * slow_noise(course.y) * np.sqrt(1.0 / n_now + 1.0 / n_then)
        return bool(risen >= self.along_score * error)

    def _finding(
        self, view: View, shape: Shape, low: int, bottom: float, last: float, noise: float, trend: str
    ) -> Finding:
        name = view.names[Role.VAL_LOSS]
        step = int(shape.last_steps[low])
        share = (last - bottom) / max(abs(bottom), 1e-300)
        beside = {"falling": "while training falls on", "level": "while training stays low"}.get(trend, "")
        statement = (
            f"validation turns up after its minimum {number(bottom, noise)} at step {grouped(step)}: "
            f"{number(last, noise)} by step {grouped(shape.last_step)} (+{percent(share)}) {beside}".rstrip()
        )
        evidence = [
            Evidence("level of the last validations against the minimum", name, shape.last_step, last, bottom)
        ]
        train = view.shape(Role.TRAIN_LOSS)
        facts = {"rise_share": share, "noise_ratio": noise / max(last - bottom, 1e-300), "on_validation": 1.0}
        if train is not None:
            then, now = train.level_at(step), median(train.levels[-max(1, len(train) // 20) :])
            evidence.append(
                Evidence(
                    "training since the minimum", view.names[Role.TRAIN_LOSS], train.last_step, now, then
                )
            )
            facts["gap_share"] = (last - now) / max(abs(now), 1e-300)
        return Finding(
            pattern=self.id,
            severity=Severity.CRITICAL if share >= self.large_share else Severity.WARNING,
            confidence=0.9 if trend == "falling" and len(shape) > 6 else 0.75,
            curve=name,
            onset_step=step,
            end_step=None,
            detected_at_step=view.step,
            statement=statement,
            evidence=tuple(evidence),
            facts=facts,
        )


def _between(train: Shape, start: float, stop: float) -> Floats:
    """The levels of training between two steps, at least three of them where it has as many."""
    first, last = (int(np.searchsorted(train.steps, step)) for step in (start, stop))
    first = max(0, min(first, last - 1, len(train) - N_LEVEL))
    return train.levels[first : max(last + 1, first + N_LEVEL)]


def _noise(values: Floats) -> float:
    """Noise of one validation about its course, the slow part included."""
    if len(values) < 7:
        return 0.0
    fast = spread(np.diff(values, 2)) / SQRT_6
    slow = spread(values - smoothed(values))
    return max(fast, slow)


def _training_since(train: Shape | None, step: int) -> str:
    """What training did after `step`: falling, level, rising, or unknown."""
    if train is None or len(train) < 4:
        return "unknown"
    then = median(train.levels[np.abs(train.steps - step).argsort()[: max(3, len(train) // 50)]])
    now = median(train.levels[-max(3, len(train) // 20) :])
    start = max(train.first, float(train.levels[0]))
    slack = max(2.0 * train.noise / np.sqrt(3.0), 0.02 * max(start - now, 0.0))
    if now < then - slack:
        return "falling"
    return "rising" if now > then + slack else "level"
