"""loss_metric_split: the loss improves while the task metric does not, or the reverse.

Test: the metric is turned so that it falls as the task is learned (its name tells which way).  Its last level must lie
above its best one by six standard errors of slow noise, by a share of all that it had gained, and stay there, while
the validation loss has fallen since.  The reverse needs an overfitting that stands: the loss has turned up and the
metric has gone on improving; it follows from the overfitting.  Perplexity and bits per byte are the loss in another
unit: as ln(perplexity) they must keep their ratio to the loss, whatever that is.
Source: Guo et al., On calibration of modern neural networks, 2017, arXiv:1706.04599.
"""

from collections.abc import Iterator
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
from descentry.sources.score_names import direction

UNITS = ((Role.TRAIN_LOSS, Role.PERPLEXITY), (Role.VAL_LOSS, Role.VAL_PERPLEXITY))
MAX_METRICS = 16
"""More metrics than this are not looked at one by one."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """A course that has its best behind it: the index of the best, its level, the last level, standard errors."""

    best: int
    bottom: float
    last: float
    score: float


@dataclass(frozen=True, slots=True)
class LossMetricSplit:
    """Two measures of one task that go different ways."""

    id: ClassVar[str] = "loss_metric_split"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.VAL_LOSS, Role.TRAIN_LOSS)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    score: float = 6.0
    """Standard errors of slow noise that the metric must have lost.  Higher: later, surer."""
    noise_units: float = 1.5
    """Least loss of the metric in noise of one evaluation."""
    gain_share: float = 0.03
    """Least loss of the metric as a share of all that it had gained."""
    learned_share: float = 0.5
    """Least gain before, as a share of the loss: a metric that never left chance cannot be lost."""
    unit_share: float = 0.1
    """Most by which the ratio of ln(perplexity) to the loss may drift from the middle of the run to its end."""
    n_least: int = 8
    """Fewer evaluations show no turn."""

    def judge(self, view: View) -> list[Finding]:
        found = [*self._metrics(view), *self._units(view)]
        return [max(found, key=lambda one: one.confidence)] if found else []

    def _least(self, view: View, shape: Shape) -> float:
        """The score that is asked for at this look."""
        return self.score * strictness(
            self.alarm_rate, ended=view.ended, n_points=shape.n_points, n_first=self.n_least
        )

    def _metrics(self, view: View) -> Iterator[Finding]:
        """What the metrics on held-out examples say against the validation loss."""
        val = view.shape(Role.VAL_LOSS)
        if val is None or len(val) < self.n_least:
            return
        for name, shape in view.every(Role.VAL_ACCURACY, Role.METRIC)[:MAX_METRICS]:
            if (sign := _sign(view, name)) == 0 or len(shape) < self.n_least:
                continue
            course = profile(shape)
            turned = -sign * course.y
            score = self._least(view, shape)
            turn = self._turn(turned, score)
            if turn is not None and self._improves(val, course.x[turn.best]):
                yield self._worse(view, val, name, shape, turn)
            elif turn is None and self._reverse(view, course.x, turned, score):
                yield self._better(view, name, shape)

    def _turn(self, values: Floats, score: float) -> _Turn | None:
        """Where a course that should fall had its best, if it has clearly left it for good."""
        smooth = smoothed(values)
        best = int(smooth.argmin())
        n_after = len(values) - 1 - best
        if n_after < 3:
            return None
        n_last = max(2, n_after // 4)
        bottom, last = float(smooth[best]), median(values[-n_last:])
        rise, noise = last - bottom, max(spread(np.diff(values, 2)) / SQRT_6, spread(values - smooth))
        n_smoothed = 2 * half_window(len(values)) + 1
        error = 1.25 * max(slow_noise(values), noise) * float(np.sqrt(1.0 / n_last + 1.0 / n_smoothed))
        gain = float(values[: best + 1].max()) - bottom
        if rise < score * error or rise < self.noise_units * noise or rise < self.gain_share * gain:
            return None
        if gain < self.learned_share * rise:
            return None
        after = values[best:]
        if float(np.mean(after[len(after) // 2 :] > bottom + 0.3 * rise)) < 0.8:
            return None
        return _Turn(best, bottom, last, min(rise / error, 99.0) if error > 0 else 99.0)

    def _improves(self, loss: Shape, since: float) -> bool:
        """Whether the loss has fallen since that step by more than its noise."""
        then, now = _between(loss, since)
        return now < then - loss.noise

    def _reverse(self, view: View, steps: Floats, turned: Floats, score: float) -> bool:
        """Whether the metric goes on improving after the loss has turned up."""
        overfit = view.said("overfit", view.names.get(Role.VAL_LOSS))
        if overfit is None:
            return False
        k = max(2, len(turned) // 10)
        since = int(np.searchsorted(steps, overfit.onset_step))
        if len(turned) - since < 3 * k:
            return False
        then, now = median(turned[max(0, since - k) : since + k]), median(turned[-k:])
        return then - now > score * slow_noise(turned) * float(np.sqrt(2.0 / k))

    def _worse(self, view: View, val: Shape, name: str, shape: Shape, turn: _Turn) -> Finding:
        step = int(profile(shape).starts[turn.best])
        best, last = abs(turn.bottom), abs(turn.last)
        then, now = _between(val, float(step))
        statement = (
            f"{name} goes from {number(best)} at step {grouped(step)} to {number(last)}, the wrong way, while the "
            f"validation loss falls from {number(then)} to {number(now)}"
        )
        evidence = (
            Evidence(f"last level, {number(turn.score)} standard errors from the best", name, shape.last_step, last,
                     best),
            Evidence("validation loss since then", view.names[Role.VAL_LOSS], val.last_step, now, then),
        )  # fmt: skip
        return _finding(view, name, step, statement, evidence, min(0.95, 0.7 + 0.01 * turn.score))

    def _better(self, view: View, name: str, shape: Shape) -> Finding:
        loss = view.names[Role.VAL_LOSS]
        overfit = view.said("overfit", loss)
        step = overfit.onset_step if overfit is not None else shape.first_step
        then, now = _between(shape, float(step))
        statement = (
            f"the validation loss rises since step {grouped(step)} while {name} goes on improving, from "
            f"{number(then)} to {number(now)}: growing confidence in the same mistakes"
        )
        evidence = (Evidence("metric since the minimum of the loss", name, shape.last_step, now, then),)
        return _finding(view, loss, step, statement, evidence, 0.6)

    def _units(self, view: View) -> Iterator[Finding]:
        """What perplexities say that do not keep their ratio to the loss."""
        for loss_role, role in UNITS:
            loss = view.shape(loss_role)
            for name, shape in view.every(role)[:MAX_METRICS] if loss is not None else []:
                if loss is None or len(shape) < self.n_least or shape.smallest <= 1.0 or loss.smallest <= 0.0:
                    continue
                course, beside = profile(shape), profile(loss)
                ratio = np.log(course.y) / np.interp(course.x, beside.x, beside.y)
                drift = self._drift(ratio, self._least(view, shape))
                if drift is not None:
                    yield self._other_unit(view, loss_role, name, shape, drift)

    def _drift(self, ratio: Floats, score: float) -> tuple[float, float] | None:
        """The ratio in the middle of the run and at its end, where they differ."""
        n = len(ratio)
        # The first third is left out: means over an epoch mix very unlike losses there.
        middle, end = ratio[n // 3 : n // 3 + max(2, n // 5)], ratio[-max(2, n // 5) :]
        error = slow_noise(ratio[n // 3 :]) * float(np.sqrt(2.0 / len(end)))
        change = abs(median(end) - median(middle))
        if change < self.unit_share * abs(median(middle)) or change < score * error:
            return None
        return median(middle), median(end)

    def _other_unit(
        self, view: View, loss_role: Role, name: str, shape: Shape, drift: tuple[float, float]
    ) -> Finding:
        course = profile(shape)
        step = int(course.starts[len(course) // 3])
        statement = (
            f"ln({name}) is {percent(drift[0])} of {view.names[loss_role]} at step {grouped(step)} and "
            f"{percent(drift[1])} at the end: two measures of one thing that part"
        )
        evidence = (Evidence("ln(perplexity) over the loss", name, shape.last_step, drift[1], drift[0]),)
        return _finding(view, name, step, statement, evidence, 0.7)


def _finding(
    view: View, curve: str, step: int, statement: str, evidence: tuple[Evidence, ...], confidence: float
) -> Finding:
    return Finding(
        pattern=LossMetricSplit.id,
        severity=Severity.WARNING,
        confidence=confidence,
        curve=curve,
        onset_step=step,
        end_step=None,
        detected_at_step=view.step,
        statement=statement,
        evidence=evidence,
        facts={"on_validation": 1.0},
    )


def _sign(view: View, name: str) -> int:
    """1 or -1 for a metric that rises or falls as the task is learned; 0 for others and for running bests."""
    if view.roles.get(name) is Role.VAL_ACCURACY and "best" not in name.lower():
        return 1
    return direction(name)


def _between(shape: Shape, since: float) -> tuple[float, float]:
    """The level about a step and that of the last points."""
    at = int(np.searchsorted(shape.steps, since))
    k = max(1, len(shape) // 20)
    at = min(at, len(shape) - 1)
    return median(shape.levels[max(0, at - k) : at + k + 1]), median(shape.levels[-k - 1 :])
