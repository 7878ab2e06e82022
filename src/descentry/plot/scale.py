"""Axes: where a value stands between the ends of a range, and the round numbers to write beside it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats

DECADE = 10.0
"""A positive curve that spans more than this factor is drawn on a logarithmic axis."""


_ENOUGH = 4
"""Round numbers of a logarithmic axis; fewer leave its reader guessing."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A range from `low` to `high`, on a straight or a logarithmic axis."""

    low: float
    high: float
    log: bool = False

    def fractions(self, values: Floats) -> Floats:
        """0 at `low`, 1 at `high`, 0.5 everywhere where both are one; NaN stays NaN."""
        low, high = self._bent(np.array([self.low, self.high]))
        half_span = high / 2 - low / 2
        if not half_span > 0:
            return np.where(np.isnan(values), np.nan, 0.5)
        inside = np.clip(self._bent(values), low, high)
        fractions: Floats = (inside / 2 - low / 2) / half_span
        return fractions

    def _bent(self, values: Floats) -> Floats:
        if not self.log:
            return values
        return np.log10(np.maximum(values, self.low))

    def ticks(self, n: int) -> list[float]:
        """Up to `n` round numbers inside the range, rising; the ends where no round number falls inside."""
        found = _log_ticks(self.low, self.high, n) if self.log else _ticks(self.low, self.high, n)
        return found if len(found) > 1 else [self.low, self.high] if self.high > self.low else [self.low]


def scale_of(arrays: Iterable[Floats]) -> Scale | None:
    """The range of all finite values, logarithmic where it is positive and wide; None without one."""
    finite = [array[np.isfinite(array)] for array in arrays]
    values = np.concatenate(finite) if finite else np.empty(0)
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    return Scale(low, high, log=low > 0 and high / DECADE > low)


def _ticks(low: float, high: float, n: int) -> list[float]:
    span = high / 2 - low / 2
    if not span > 0 or not math.isfinite(2 * span):
        return []
    spacing = _round_up(2 * span / n)
    if not spacing > 0:
        return []
    first, last = math.ceil(low / spacing), math.floor(high / spacing)
    return [index * spacing for index in range(first, last + 1)] if last - first <= n else []


def _round_up(spacing: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(spacing))
    return next((factor * power for factor in (1.0, 2.0, 5.0) if factor * power >= spacing), 10.0 * power)


def _log_ticks(low: float, high: float, n: int) -> list[float]:
    """The densest of several sets of round numbers that has at most one more than `n` of them."""
    first, last = math.floor(math.log10(low)), min(math.ceil(math.log10(high)), 308)
    sets = [((1.0, 2.0, 5.0), 1), ((1.0, 3.0), 1), *(((1.0,), every) for every in range(1, last - first + 2))]
    for factors, every in sets:
        powers = range(-(-first // every) * every, last + 1, every)
        candidates = [factor * 10.0**power for power in powers for factor in factors]
        inside = [tick for tick in candidates if low <= tick <= high]
        if len(inside) <= n + 1:
            return inside
    return []


def log_ticks(low: float, high: float, n: int) -> list[float]:
    """About `n` round numbers for a logarithmic axis; those of a straight one where powers of ten are too few."""
    ticks = Scale(low, high, log=True).ticks(n)
    return ticks if len(ticks) >= min(n, _ENOUGH) else Scale(low, high).ticks(n)


def compact(step: float) -> str:
    """A step in short: `0`, `500`, `10k`, `1.5M`, `2e18`."""
    if abs(step) >= 1e15:
        return f"{step:.4g}".replace("e+", "e")
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(step) >= size:
            return f"{step / size:.4g}{unit}"
    return f"{step:.4g}"
