"""flat: from the first steps to the last the loss never leaves its starting level by more than its noise.

Test: no bin of the run lies below the starting level by more than `noise_units` times the noise of a point, nor
by more than `level_share` of the level.  A live run is given `n_wait` points, and all of a learning-rate
warm-up, before it is called flat: a slow start is no flat line.  How long the run will be is not known, and the first
points of a long one have not moved however well it learns: until `n_sure` it only informs.
"""

from dataclasses import dataclass
from typing import ClassVar

from descentry.patterns.protocol import View
from descentry.patterns.reinforced import is_reinforced
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.profile import Profile, profile
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.trend import slow_noise
from descentry.signal.words import grouped, number, percent, rough


@dataclass(frozen=True, slots=True)
class Flat:
    """The whole run on its starting level."""

    id: ClassVar[str] = "flat"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    noise_units: float = 3.5
    """Largest fall of a bin, in noise of a single point.  Higher: slow learners are called flat."""
    fall_score: float = 3.0
    """Standard errors from which a fall is beyond doubt.  Lower: slow descents are less often called flat."""
    level_share: float = 0.04
    """Largest fall as a share of the level: more is a descent, however noisy the curve."""
    noise_share: float = 0.1
    """Noise above this share of the level makes it impossible to tell a flat line from a slow descent."""
    n_least: int = 8
    """Fewer points cannot show a flat line."""
    late_share: float = 1.0
    """A log that starts after this many times its own length is a piece of a run whose descent lies before it."""
    n_wait: int = 200
    """Points of a live run before it may be called flat."""
    n_sure: int = 1000
    """Points of a live run before that is an alarm.  Higher: a run that does not learn is stopped later."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.TRAIN_LOSS)
        if (
            shape is None
            or shape.n_points < (self.n_least if view.ended else self.n_wait)
            or is_reinforced(view)
        ):
            return []
        if not view.ended and _is_warming_up(view):
            return []
        if shape.first_step > self.late_share * max(1, shape.last_step - shape.first_step):
            return []
        course = profile(shape, 40)
        start = _start_level(shape)
        noise = course.noise
        settled = median(course.y[-max(1, len(course) // 4) :])
        fall = start - settled
        deepest = start - float(course.y.min())
        scale = max(abs(start), noise) or float(abs(course.y).max()) or 1.0
        slack = max(self.noise_units / strictness(self.alarm_rate) * noise, 1e-3 * scale)
        if abs(shape.first - start) > max(6.0 * noise, 2e-3 * scale) or view.said("divergence") is not None:
            return []
        if deepest > min(slack + 0.5 * noise, self.level_share * scale + noise):
            return []
        # A signed objective has no level to leave, and noise of a tenth of the level hides a descent.
        if course.y.min() < 0.0 or noise > self.noise_share * settled or self._falls_for_sure(course):
            return []
        if abs(fall) > max(_doubt(shape) * noise, 1e-3 * scale) or float(course.y.max()) - start > slack:
            return []
        name = view.names[Role.TRAIN_LOSS]
        is_sure = view.ended or shape.n_points >= self.n_sure
        stays = "stays at" if is_sure else "has not yet left"
        statement = (
            f"the loss {stays} its starting level: {number(start, noise)} at first, {number(settled, noise)} "
            f"in the last quarter (noise {rough(noise)}), after {grouped(shape.n_points)} points"
        )
        return [
            Finding(
                pattern=self.id,
                severity=Severity.CRITICAL if is_sure else Severity.INFO,
                confidence=0.95 if shape.n_points >= 40 else 0.75,
                curve=name,
                onset_step=shape.first_step,
                end_step=None,
                detected_at_step=view.step,
                statement=statement,
                evidence=(
                    Evidence(
                        f"change over the run {percent(fall / scale)} of the level",
                        name, shape.last_step, settled, start,
                    ),
                ),
                facts={"fall_share": fall / scale, "noise_share": noise / scale},
            )
        ]  # fmt: skip

    def _falls_for_sure(self, course: Profile) -> bool:
        """Whether half the noise of a point is lost between first and last third, beyond all doubt."""
        third = max(2, len(course) // 3)
        fall = median(course.y[:third]) - median(course.y[-third:])
        error = 1.25 * slow_noise(course.y) * (2.0 / third) ** 0.5
        return bool(
            fall > 0.5 * course.noise and fall > self.fall_score / strictness(self.alarm_rate) * error
        )


def _start_level(shape: Shape) -> float:
    """The level of the first twentieth of the run, of three points at least."""
    return median(shape.levels[: max(3, len(shape) // 20)])


def _doubt(shape: Shape) -> float:
    """Noise of one point that a fall must pass: one, and three standard errors of the starting level."""
    n_start = max(3, len(shape) // 20)
    return 1.0 + 3.0 * 1.25 / float(n_start**0.5)


def _is_warming_up(view: View) -> bool:
    rate = view.shape(Role.LEARNING_RATE)
    if rate is None or len(rate) < 3:
        return False
    return bool(rate.levels[-1] > rate.levels[len(rate) // 2] * 1.01 and rate.levels[-1] >= rate.levels.max())
