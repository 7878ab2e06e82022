"""sawtooth: point-to-point noise that is large against the progress it hides.

Noise: the spread of single points about the robust course, so that a short swing counts with white noise.
Test: that noise against the descent from the first twentieth of the run on, and against what is left of it
after the first fifth, where the steep beginning no longer flatters the curve, provided it is seen in a plot of the
whole run.  A curve that does not descend at all is `flat` and leads; this is said beside it.  Where the progress shows
through all the same the finding only informs.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.profile import Profile, profile
from descentry.signal.robust import median, spread
from descentry.signal.shape import Shape
from descentry.signal.words import number, rough


@dataclass(frozen=True, slots=True)
class Sawtooth:
    """Noise that hides the progress."""

    id: ClassVar[str] = "sawtooth"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS, Role.VAL_LOSS)

    progress_share: float = 0.1
    """Noise as a share of the descent from which it is told.  Higher: only the noisiest curves."""
    later_share: float = 0.2
    """The same against the descent after the first fifth of the run."""
    seen_share: float = 0.02
    """Noise below this share of the whole descent is not seen in a plot of the run: it hides no later progress."""
    hidden_share: float = 0.2
    """From this share of the descent on the progress is hidden, and it is a warning."""
    plot_share: float = 0.03
    """The same against the fall from the very first value: a band of a tenth of the plot hides, a thinner one informs.
    """
    converged_share: float = 0.02
    """Below this share of its first value the loss, and a third of its noise, have nothing left to hide."""
    level_share: float = 0.02
    """Noise below this share of the level is no sawtooth, however little the curve falls."""
    n_least: int = 40
    """Fewer points do not show noise apart from course."""
    n_wait: int = 200
    """Points of a live run before its progress is judged."""

    def judge(self, view: View) -> list[Finding]:
        findings = []
        for role in (Role.TRAIN_LOSS, Role.VAL_LOSS):
            shape = view.shape(role)
            if shape is not None and shape.n_points >= (self.n_least if view.ended else self.n_wait):
                findings += self._judge_curve(view, role, shape)
        return findings

    def _judge_curve(self, view: View, role: Role, shape: Shape) -> list[Finding]:
        course = profile(shape, 50)
        k = max(1, len(course) // 20)
        fifth = len(course) // 5
        end = median(course.y[-2 * k :])
        descent = median(course.y[:k]) - end
        later = median(course.y[max(0, fifth - k) : fifth + k]) - end
        noise = max(course.noise, _spread_about(shape, course))
        if float(course.y.min()) < 0.0:
            return []  # a signed objective (a policy loss) makes no progress that its noise could hide
        if (
            noise <= 0
            or noise < self.level_share * abs(end)
            or max(abs(end), noise / 3.0) < self.converged_share * abs(shape.first)
        ):
            return []
        if noise < self.progress_share * max(descent, 0.0) and (
            noise < self.later_share * max(later, 0.0) or noise < self.seen_share * descent
        ):
            return []
        if median(course.y[-6 * k :]) > median(course.y[: 6 * k]) + 2 * noise:
            return []
        share = noise / max(descent, noise)
        by_descent = noise >= self.progress_share * max(descent, 0.0)
        # A steep beginning fills the plot of a long run: what is not seen in it hides nothing from anyone.
        hidden = share >= self.hidden_share and noise >= self.plot_share * (shape.first - end)
        name = view.names[role]
        kind = "validation" if role is Role.VAL_LOSS else "training"
        progress = max(descent if by_descent else later, 0.0)
        since = "all the progress so far" if by_descent else "the progress since the first fifth of the run"
        against = f"against {number(progress, noise)} of" if progress > noise else "more than"
        statement = f"the {kind} loss jumps by {rough(noise)} from point to point, {against} {since}"
        return [
            Finding(
                pattern=self.id,
                severity=Severity.WARNING if hidden else Severity.INFO,
                confidence=0.85,
                curve=name,
                onset_step=shape.first_step,
                end_step=None,
                detected_at_step=view.step,
                statement=statement,
                evidence=(
                    Evidence("noise of a point against the descent", name, shape.last_step, noise, descent),
                ),
                facts={
                    "noise_share": noise / max(descent, 1e-300),
                    "on_validation": float(role is Role.VAL_LOSS),
                    **_rate_dependence(view, shape),
                },
            )
        ]


def _spread_about(shape: Shape, course: Profile) -> float:
    """The robust spread of single points about the course; 0.0 where only blocks are left of them."""
    if not shape.is_raw:
        return 0.0
    return spread(shape.levels - np.interp(shape.steps, course.x, course.y))


def _rate_dependence(view: View, shape: Shape) -> dict[str, float]:
    """Whether the scatter shrinks as the learning rate falls; nothing where either stays as it is."""
    rate = view.shape(Role.LEARNING_RATE)
    if rate is None or len(shape) < 60 or not float(rate.levels.max()) > 0:
        return {}
    thirds = np.array_split(np.arange(len(shape)), 3)
    peak = float(rate.levels.max())
    rates = [median(np.interp(shape.steps[part], rate.steps, rate.levels)) for part in thirds]
    scatter = [profile(shape.part(int(part[0]), int(part[-1]) + 1), 20).noise for part in thirds]
    if rates[2] > 0.5 * peak:
        return {}
    return {"noise_follows_lr": float(scatter[2] < 0.6 * max(scatter[:2]))}
