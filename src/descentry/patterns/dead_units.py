"""dead_units: a layer's share of units that never activate rises past a third, or its sparsity jumps.

Test: the share in the last tenth of the run against that at the start, beyond slow noise.  A layer that began below a
third must pass it and have gained `least_rise`.  One that began above is sparse by design, as rectifiers are: only a
jump within a twentieth of the run that silences half of what was left counts.  Values that are no shares (counts)
say nothing.
Source: Lu et al., Dying ReLU and initialization, 2019, arXiv:1903.06733.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.profile import Profile, profile
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.trend import slow_noise
from descentry.signal.words import grouped, percent


@dataclass(frozen=True, slots=True)
class DeadUnits:
    """Units have fallen silent."""

    id: ClassVar[str] = "dead_units"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    share: float = 1.0 / 3.0
    """Share of dead units that is too many."""
    least_rise: float = 0.1
    """Least rise of the share over that at the start.  Higher: slow dying is seen later."""
    score: float = 6.0
    """Least rise in slow noise of a bin."""
    jump_share: float = 0.05
    """Longest jump of a sparse layer, as a share of the run: sparsity that grows slowly is learned."""
    n_least: int = 20
    """Fewer points have no level."""
    n_wait: int = 100
    """Points of a live run before its layers are judged."""

    def judge(self, view: View) -> list[Finding]:
        dying = []
        n_least = self.n_least if view.ended else self.n_wait
        for name, shape in view.every(Role.DEAD_UNITS):
            is_share = shape.smallest >= 0.0 and self.share < shape.largest <= 1.0
            rise = (
                self._rise(profile(shape), self._least(view, shape))
                if is_share and shape.n_points >= n_least
                else None
            )
            if rise is not None:
                dying.append((name, shape, *rise))
        if not dying:
            return []
        n_curves = len(view.every(Role.DEAD_UNITS))
        worst = max(dying, key=lambda one: one[4] - one[3])
        return [_finding(view, *worst, len(dying), n_curves)]

    def _least(self, view: View, shape: Shape) -> float:
        """The score that is asked for at this look."""
        return self.score * strictness(
            self.alarm_rate, ended=view.ended, n_points=shape.n_points, n_first=self.n_wait
        )

    def _rise(self, course: Profile, score: float) -> tuple[int, float, float] | None:
        """(bin of the onset, share before, share now), or None."""
        y, n = course.y, len(course)
        start, now = median(y[: max(2, n // 10)]), median(y[-max(2, n // 10) :])
        rise = now - start
        noise = slow_noise(y)
        if now < self.share or rise < self.least_rise or rise < score * noise:
            return None
        calm = np.flatnonzero(y <= start + max(3.0 * noise, 0.05 * rise))
        onset = min(int(calm[-1]) + 1 if len(calm) else 0, n - 1)
        if start >= self.share and not self._jumps(course, onset, start, now):
            return None
        return onset, start, now

    def _jumps(self, course: Profile, onset: int, start: float, now: float) -> bool:
        """Whether most of the rise comes at once and silences half of what was active."""
        stop = onset + max(1, round(self.jump_share * len(course)))
        if stop + 3 > len(course) or now - start < 0.5 * (1.0 - start):
            return False
        return median(course.y[stop : stop + 3]) >= start + 0.7 * (now - start)


def _finding(
    view: View, name: str, shape: Shape, onset: int, start: float, now: float, n_dying: int, n_curves: int
) -> Finding:
    step = int(profile(shape).starts[onset])
    of = f" ({n_dying} of {n_curves} layers)" if n_curves > 1 else ""
    return Finding(
        pattern="dead_units",
        severity=Severity.WARNING,
        confidence=0.9,
        curve=name,
        onset_step=step,
        end_step=None,
        detected_at_step=view.step,
        statement=f"dead units in {name} rise from {percent(start)} to {percent(now)} since step {grouped(step)}{of}",
        evidence=(
            Evidence("the share of dead units against that at the start", name, shape.last_step, now, start),
        ),
        facts={"share": now, "rise": now - start, "share_of_layers": n_dying / n_curves},
    )
