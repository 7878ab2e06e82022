"""Smoothing as it is asked for: `auto`, `ema:0.9`, `mean:25`, `median:25`, `savgol:25`, `lowess:0.1`, `none`.

NaN and infinities stay gaps, and weigh nothing beside them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats, Ints
from descentry.record.errors import UsageError
from descentry.signal.averages import ema, moving_mean, moving_median
from descentry.signal.local_fits import lowess, savgol
from descentry.signal.words import grouped

DEFAULTS = {"ema": 0.9, "mean": 25.0, "median": 25.0, "savgol": 25.0, "lowess": 0.1, "none": 0.0, "auto": 0.0}
"""The amount of each method where none is given."""
_EXPECTED = {
    "ema": "a beta below 1 (0.9), or a span of 2 steps or more (ema:500)",
    "mean": "a whole number of points, 2 or more",
    "median": "a whole number of points, 2 or more",
    "savgol": "an odd number of points, 5 or more",
    "lowess": "a share of the points, above 0 and up to 1",
    "none": "no amount",
    "auto": "no amount",
}
MOST_POINTS = 1_000_001
_LONG = 20
"""Steps of span from which an EMA is told by its span."""
_PLAIN = ("none", "auto")
"""Methods without an amount."""


@dataclass(frozen=True, slots=True)
class Smoothing:
    """A method and how much of it: the beta of `ema`, the points of `mean`, `median`, `savgol`, the share of `lowess`.

    `ema` counts in steps, so the stride of the log does not matter: a value d steps back weighs beta ** d.
    The others count logged points.
    """

    method: str
    amount: float

    def __str__(self) -> str:
        if self.method in _PLAIN:
            return self.method
        span = self.span
        by_span = self.method == "ema" and span >= _LONG and 1 - 1 / span == self.amount
        return f"{self.method}:{span if by_span else format(self.amount, '.10g')}"

    @property
    def span(self) -> int:
        """The steps that an EMA reaches back, on average: 1 / (1 - beta), rounded."""
        return round(1 / (1 - self.amount))

    @property
    def words(self) -> str:
        """What a legend says: `ema 0.9`, `ema over 500 steps`."""
        if self.method == "ema" and self.span >= _LONG:
            return f"ema over {grouped(self.span)} steps"
        return self.method if self.method in _PLAIN else f"{self.method} {self.amount:.4g}"


NONE = Smoothing("none", 0.0)
AUTO = Smoothing("auto", 0.0)
"""An EMA with beta 0.9 in steps; where the points lie further apart than that reaches, over ten of them."""
REACHES = 0.2
"""Where the next point weighs less than this, an exponential average smooths nothing."""
_N_SPANNED = 10


def smoothing(text: str) -> Smoothing:
    """The smoothing that `METHOD[:AMOUNT]` asks for; an EMA's amount of 2 or more is a span: beta = 1 - 1 / span.

    Raises UsageError that says what the method takes.
    """
    method, colon, given = text.strip().partition(":")
    if method not in DEFAULTS:
        raise UsageError(f"no smoothing {text!r}; expected METHOD:AMOUNT with one of {', '.join(DEFAULTS)}")
    if not colon:
        return Smoothing(method, DEFAULTS[method])
    amount = _number(given)
    if method == "ema" and 2 <= amount < math.inf:
        amount = 1 - 1 / amount
    if not _fits(method, amount):
        raise UsageError(f"no smoothing {text!r}; {method} takes {_EXPECTED[method]}")
    return Smoothing(method, amount)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _fits(method: str, amount: float) -> bool:
    if method in ("mean", "median"):
        return amount == amount and 2 <= amount <= MOST_POINTS and amount == int(amount)
    if method == "savgol":
        return 5 <= amount <= MOST_POINTS and amount == int(amount) and int(amount) % 2 == 1
    return method not in _PLAIN and (0 <= amount < 1 if method == "ema" else 0 < amount <= 1)


def settled(how: Smoothing, stride: float) -> Smoothing:
    """What `auto` is for points so many steps apart; anything else comes back as it is."""
    if how != AUTO:
        return how
    beta = DEFAULTS["ema"]
    return Smoothing("ema", beta if beta**stride >= REACHES else 1 - 1 / (_N_SPANNED * stride))


def smooth(how: Smoothing, steps: Ints, values: Floats) -> Floats:
    """The smoothed curve, float64[n], NaN where a value is not finite.

    `steps` int64[n], not falling; `values` float64[n].  An empty curve comes back empty.
    """
    finite = np.isfinite(values)
    smoothed = np.full(len(values), np.nan)
    if finite.any():
        with np.errstate(over="ignore", invalid="ignore"):  # of values near the largest double
            smoothed[finite] = _smooth(how, steps[finite].astype(np.float64), values[finite])
    return np.where(np.isfinite(smoothed), smoothed, np.nan)


def _smooth(how: Smoothing, steps: Floats, values: Floats) -> Floats:
    if how.method == "ema":
        return ema(steps, values, how.amount)
    if how.method == "lowess":
        return lowess(steps, values, how.amount)
    if how.method == "none":
        return values
    if how.method == "auto":
        return _smooth(
            settled(how, float(np.median(np.diff(steps))) if len(steps) > 1 else 1.0), steps, values
        )
    by_points = {"mean": moving_mean, "median": moving_median, "savgol": savgol}
    return by_points[how.method](values, int(how.amount))


def _rounded(beta: float) -> float:
    """A short beta to be told; a long span is told in steps."""
    return beta if beta > 1 - 1 / _LONG else round(beta, 4)


def weaker(how: Smoothing) -> Iterator[Smoothing]:
    """Settings of the same method that smooth less and less, then none at all."""
    if how.method == "ema":
        span = 1 / (1 - how.amount)
        spans = (span / by if span / by < _LONG else round(span / by) for by in (2, 4, 8))
        yield from (Smoothing("ema", _rounded(1 - 1 / less)) for less in spans if less > 1)
    elif how.method == "lowess":
        yield from (Smoothing("lowess", round(how.amount / by, 6)) for by in (2, 4, 8))
    elif how.method not in _PLAIN:
        least = 5 if how.method == "savgol" else 3
        widths = (int(how.amount) // by for by in (2, 4, 8))
        yield from (Smoothing(how.method, float(width - 1 + width % 2)) for width in widths if width >= least)
    yield NONE
