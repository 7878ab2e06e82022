"""double_descent: validation falls, rises for a while, and falls again to its first minimum or below.

Test: the smoothed validation curve has one hump.  What rises before its top and what falls after it must both pass
six standard errors of slow noise and a share of the level and of the gain; the hump lasts for several validations
and a good part of the run (else it is a spike), it is left once and not entered again (else validation oscillates),
and from the first minimum to the second training never rises by more than six standard errors and a share of
validation's rise (else the data, their order, the rate or a blow-up made the hump).  The onset is the first minimum.
Source: Nakkiran et al., Deep double descent, 2019, arXiv:1912.02292; Heckel & Yilmaz, 2020, arXiv:2007.10099.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.chunk import Floats
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.robust import SQRT_6, row_medians, windows
from descentry.signal.shape import Shape
from descentry.signal.trend import half_window, shared, slow_noise, smoothed
from descentry.signal.words import grouped, number

N_FEW, N_BESIDE = 24, 4
"""Fewer validations are mostly hump; the least bends beside it that show noise."""
QUANTILE, TO_SIGMA = 0.35, 0.4538
"""The lower third of absolute second differences, which the hump itself leaves alone, and what it is for sigma 1."""
N_TRAIN, N_WINDOW, WINDOWS = 4, 3, 4
"""Points of training that tell something of it; the fewest that make a level, which a single spike leaves as it is;
levels that lie side by side in validation's rise: training that rises for a shorter time has a spike of its own."""


@dataclass(frozen=True, slots=True)
class _Hump:
    """First minimum, top and return of the smoothed curve, as indices; where it ends; the levels there."""

    low: int
    top: int
    back: int
    before: float
    peak: float
    now: float


@dataclass(frozen=True, slots=True)
class DoubleDescent:
    """A hump on validation that training does not have."""

    id: ClassVar[str] = "double_descent"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.VAL_LOSS, Role.TRAIN_LOSS)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    score: float = 6.0
    """Standard errors of slow noise that rise and fall must pass.  Higher: only clear humps."""
    level_share: float = 0.03
    """Least rise as a share of the first minimum."""
    gain_share: float = 0.05
    """Least rise as a share of what validation had gained before it."""
    descent_share: float = 0.25
    """Least first descent as a share of the rise: without it there is no first minimum."""
    return_share: float = 0.25
    """How far above the first minimum the second may stay, as a share of the rise."""
    run_share: float = 0.06
    """Least width of the hump at half its height, as a share of the run so far."""
    training_share: float = 0.3
    """Training that rises inside the hump by this share of validation's rise has part in it.  Higher: humps that
    other data made are taken for double descents."""
    n_least: int = 10
    """Fewer validations show no hump."""

    def judge(self, view: View) -> list[Finding]:
        val = view.shape(Role.VAL_LOSS)
        if val is None or len(val) < self.n_least or view.said("grokking") is not None:
            return []
        train = view.shape(Role.TRAIN_LOSS)
        hump = _hump(smoothed(val.levels))
        if hump is None or not self._is_real(view, val, hump, train) or not self._is_single(val, hump):
            return []
        if self._is_shared(train, val, hump):
            return []
        return [self._finding(view, val, hump)]

    def _is_real(self, view: View, val: Shape, hump: _Hump, train: Shape | None) -> bool:
        """Whether both sides of the hump are more than noise and more than a trifle."""
        rise, fall = hump.peak - hump.before, hump.peak - hump.now
        first = float(val.levels[: max(1, hump.low)].max())
        if train is not None and hump.low <= 1:
            # The first descent may lie before the first validation: a fresh network is as bad on either set.
            first = max(first, train.first)
        gain = first - hump.before
        if rise < self.level_share * abs(hump.before) or rise < self.gain_share * gain:
            return False
        if gain < self.descent_share * rise or hump.now - hump.before > self.return_share * rise:
            return False
        n = len(val)
        score = self.score * strictness(
            self.alarm_rate, ended=view.ended, n_points=n, n_first=self.n_least,
            n_bins=n if n < N_FEW else math.inf,
        )  # fmt: skip
        return min(rise, fall) >= score * _error(val.levels, hump)

    def _is_single(self, val: Shape, hump: _Hump) -> bool:
        """Whether validation is high for long enough, in one piece, and stays down afterwards."""
        smooth = smoothed(val.levels)
        high = smooth > hump.before + 0.5 * (hump.peak - hump.before)
        inside = np.flatnonzero(high[hump.low :]) + hump.low
        n_edges = int(np.abs(np.diff(high[hump.low :].astype(np.int64))).sum())
        width = (
            val.last_steps[inside[-1]]
            - val.first_steps[inside[0]]
            + (val.last_step - val.first_step) / len(val)
        )
        return (
            n_edges == 2 and len(inside) >= 2 and width >= self.run_share * (val.last_step - val.first_step)
        )

    def _is_shared(self, train: Shape | None, val: Shape, hump: _Hump) -> bool:
        """Whether training rises anywhere between the first minimum and the second, beyond its noise."""
        if train is None or len(train) < N_TRAIN:
            return False
        # Smoothing may have moved the rise by half a window.
        first = max(0, hump.low - half_window(len(val)))
        at = (int(np.searchsorted(train.steps, val.steps[i])) for i in (first, hump.low, hump.top, hump.back))
        start, low, top, back = at
        width = max(N_WINDOW, (top - low) // WINDOWS)
        inside = train.levels[max(0, start - width) : back + width]
        levels = row_medians(windows(inside, min(width, len(inside))))
        risen = float((levels - np.minimum.accumulate(levels)).max())
        error = 1.25 * slow_noise(inside) / math.sqrt(width)
        return risen > max(self.training_share * (hump.peak - hump.before), self.score * error)

    def _finding(self, view: View, val: Shape, hump: _Hump) -> Finding:
        name = view.names[Role.VAL_LOSS]
        steps = [int(val.first_steps[i]) for i in (hump.low, hump.top, hump.back)]
        statement = (
            f"validation falls to {number(hump.before)} at step {grouped(steps[0])}, rises to {number(hump.peak)} at "
            f"step {grouped(steps[1])}, and falls again to {number(hump.now)}"
        )
        return Finding(
            pattern=self.id,
            severity=Severity.INFO,
            confidence=0.8,
            curve=name,
            onset_step=steps[0],
            end_step=steps[2],
            detected_at_step=view.step,
            statement=statement,
            evidence=(
                Evidence("top of the hump against the first minimum", name, steps[1], hump.peak, hump.before),
                Evidence("second minimum against the first", name, val.last_step, hump.now, hump.before),
            ),
            facts={
                "on_validation": 1.0,
                "rise_share": (hump.peak - hump.before) / max(abs(hump.before), 1e-300),
                "noise_ratio": _error(val.levels, hump) / max(hump.peak - hump.before, 1e-300),
            },
        )


def _hump(smooth: Floats) -> _Hump | None:
    """The highest hump: the rise from the least value before each point to it, where as much falls after it."""
    lowest = np.minimum.accumulate(smooth)
    coming = np.minimum.accumulate(smooth[::-1])[::-1]
    height = np.minimum(smooth - lowest, smooth - coming)
    top = int(height.argmax())
    if height[top] <= 0:
        return None
    low = int(smooth[: top + 1].argmin())
    back = top + int(smooth[top:].argmin())
    return _Hump(low, top, back, float(smooth[low]), float(smooth[top]), float(smooth[back]))


def _error(values: Floats, hump: _Hump) -> float:
    """The error of the difference of two smoothed validations, from what neighbours scatter, slow noise included."""
    bends = np.abs(np.diff(values, 2))
    if len(values) < N_FEW:
        # Most of so few lie on the hump: what scatters is seen before and after it.
        foot = hump.top + int(np.argmax(values[hump.top :] <= hump.before))
        beside = np.concatenate([bends[: max(0, hump.low - 1)], bends[foot:]])
        bends = beside if len(beside) >= N_BESIDE else bends
    fast = float(np.quantile(bends, QUANTILE)) / TO_SIGMA / SQRT_6
    residual = values - smoothed(values)
    slow = float(np.quantile(np.abs(residual), QUANTILE)) / TO_SIGMA * shared(residual)
    # Two values, each the median of three neighbours or more: sqrt(2) times 1.25 / sqrt(3), nearly 1.
    return max(fast, slow)
