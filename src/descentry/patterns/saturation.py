"""saturation: logits grow without limit, attention collapses onto single tokens, activations pile up at their bounds.

Tests, each on the last stretch against the lowest (highest) settled level of the curve's own course, beyond slow noise:
the largest logit stands fivefold higher, above `logit`, and its growth does not slow down; attention entropy is down to
a twentieth; the share of activations at their bounds passes a half.  Sooner: since a bend from a settled course the
logit grows exponentially, by the factor e at least, and at that rate is there within a quarter of the run so far.
Logits that rise from the start on, or rise and then level off, as in every good run, are growth with a limit.
Source: Zhai et al. 2023, arXiv:2303.06296 (entropy collapse); Wortsman et al. 2023, arXiv:2309.14322 (logit growth).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.growth import growth, was_settled
from descentry.signal.magnitude import Magnitude, magnitude
from descentry.signal.profile import profile
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.trend import slow_noise
from descentry.signal.words import grouped, number, percent

Change = tuple[int, float, float]
"""Bin of the onset, level before, level now."""


@dataclass(frozen=True, slots=True)
class Saturation:
    """Units have run into their bounds."""

    id: ClassVar[str] = "saturation"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    growth: float = 5.0
    """Least growth of the largest logit over its lowest settled level.  Higher: later."""
    logit: float = 30.0
    """Least size of such a logit: below, a softmax still has gradients and float16 its range."""
    slowing: float = 0.8
    """The last third of the growth over a third of it all: less is growth that comes to an end."""
    grown: float = 1.0
    """Least exponential growth that is told sooner, in e-foldings.  Higher: later, and fewer swings of the logit."""
    ahead: float = 0.25
    """Share of the run so far within which such growth must come to `growth` and `logit`.  Lower: only steep growth."""
    entropy_share: float = 0.05
    """Attention entropy below this share of its settled level has collapsed."""
    bound_share: float = 0.5
    """Share of activations at their bounds that is too much."""
    bound_rise: float = 0.15
    """Least rise of that share over the one at the start."""
    score: float = 6.0
    """Least change in slow noise of a bin."""
    settled_share: float = 0.2
    """Share of the points before growth begins: what grows from the start on is the beginning of a run."""
    n_least: int = 20
    """Fewer points have no level."""
    n_wait: int = 100
    """Points of a live run before its curves are judged."""

    def judge(self, view: View) -> list[Finding]:
        found: list[Finding] = []
        n_least = self.n_least if view.ended else self.n_wait
        for name, shape in view.every(Role.MAX_LOGIT):
            if shape.n_points >= n_least and shape.smallest > 0.0:
                logit, score = magnitude(shape), self._least(view, shape)
                change = self._grown(logit, score) or self._growing(logit, score)
                found += _told(view, name, shape, "logits", change)
        for name, shape in view.every(Role.ATTENTION_ENTROPY):
            if shape.n_points >= n_least and shape.smallest <= self.entropy_share * shape.largest:
                found += _told(
                    view, name, shape, "entropy", self._collapsed(magnitude(shape), self._least(view, shape))
                )
        for name, shape in view.every(Role.SATURATION):
            if shape.n_points >= n_least and self.bound_share <= shape.largest <= 1.0:
                found += _told(view, name, shape, "bounds", self._bound(shape, self._least(view, shape)))
        return [max(found, key=lambda one: one.facts["strength"])] if found else []

    def _least(self, view: View, shape: Shape) -> float:
        """The score that is asked for at this look."""
        return self.score * strictness(
            self.alarm_rate, ended=view.ended, n_points=shape.n_points, n_first=self.n_wait
        )

    def _growing(self, logit: Magnitude, score: float) -> Change | None:
        """Growth that has set in and will be one without a limit."""
        found = growth(logit.y)
        if found is None or found.rise < self.grown or found.score < score:
            return None
        later = found.ahead(self.ahead * len(logit))
        if later < np.log(self.growth) or found.before + later < np.log(self.logit):
            return None
        return found.onset, float(np.exp(found.before)), float(np.exp(found.now))

    def _grown(self, logit: Magnitude, score: float) -> Change | None:
        """Growth without a limit in sight."""
        y, n = logit.y, len(logit)
        width = max(3, n // 10)
        lows = logit.settled(width)[: -width or None]
        if not len(lows):
            return None
        low, now = float(lows.min()), median(y[-max(2, n // 20) :])
        rise = now - low
        noise = max(logit.noise / 2.0, 1e-9) if n < 24 else slow_noise(y)
        if rise < max(np.log(self.growth), score * noise) or np.exp(now) < self.logit:
            return None
        calm = np.flatnonzero(y <= low + max(2.0 * noise, 0.05 * rise))
        onset = min(int(calm[-1]) + 1 if len(calm) else 0, n - 1)
        if onset < self.settled_share * n or not was_settled(y, onset):
            return None
        return (onset, float(np.exp(low)), float(np.exp(now))) if self._goes_on(logit, onset, now) else None

    def _goes_on(self, logit: Magnitude, onset: int, now: float) -> bool:
        """Whether the last third of the time since the onset brings about a third of the growth."""
        values = np.exp(logit.y[onset:])
        if len(values) < 4:
            return False
        then = median(values[max(0, 2 * len(values) // 3 - 1) : 2 * len(values) // 3 + 2])
        whole = float(np.exp(now)) - float(values[0])
        return float(np.exp(now)) - then >= self.slowing * whole / 3.0

    def _collapsed(self, entropy: Magnitude, score: float) -> Change | None:
        """Attention that was spread and no longer is."""
        y, n = entropy.y, len(entropy)
        width = max(3, n // 10)
        highs = entropy.settled(width)[: -width or None]
        if not len(highs):
            return None
        high, now = float(highs.max()), median(y[-max(2, n // 20) :])
        fall = high - now
        if fall < max(-np.log(self.entropy_share), score * max(entropy.slow, entropy.noise / 2.0)):
            return None
        calm = np.flatnonzero(y >= high - max(3.0 * entropy.noise, 0.05 * fall))
        onset = min(int(calm[-1]) + 1 if len(calm) else 0, n - 1)
        return onset, float(np.exp(high)), float(np.exp(now))

    def _bound(self, shape: Shape, score: float) -> Change | None:
        """Activations that have come to lie at their bounds."""
        y = profile(shape).y
        start, now = median(y[: max(2, len(y) // 10)]), median(y[-max(2, len(y) // 10) :])
        noise = slow_noise(y)
        if now < self.bound_share or now - start < max(self.bound_rise, score * noise):
            return None
        calm = np.flatnonzero(y <= start + max(3.0 * noise, 0.05 * (now - start)))
        return min(int(calm[-1]) + 1 if len(calm) else 0, len(y) - 1), start, now


def _told(view: View, name: str, shape: Shape, kind: str, change: Change | None) -> list[Finding]:
    if change is None:
        return []
    onset, before, now = change
    step = int(profile(shape).starts[onset])
    said = {
        "logits": f"the largest logit ({name}) grows without limit, from {number(before)} to {number(now)}",
        "entropy": f"attention entropy ({name}) collapses from {number(before)} to {number(now)}",
        "bounds": f"the share of activations at their bounds ({name}) rises from {percent(before)} to {percent(now)}",
    }[kind]
    low, high = sorted((max(before, 1e-30), max(now, 1e-30)))
    finding = Finding(
        pattern="saturation",
        severity=Severity.WARNING,
        confidence=0.85,
        curve=name,
        onset_step=step,
        end_step=None,
        detected_at_step=view.step,
        statement=f"{said} since step {grouped(step)}",
        evidence=(Evidence("the level against that before", name, shape.last_step, now, before),),
        facts={"strength": float(np.log(high / low)), "by_logits": float(kind == "logits"),
               "by_entropy": float(kind == "entropy"), "by_bounds": float(kind == "bounds")},
    )  # fmt: skip
    return [finding]
