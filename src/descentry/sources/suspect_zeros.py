"""Zeros that may stand for NaN or an infinity: exact ones amid values that keep far from 0."""

import math
from collections import deque
from dataclasses import dataclass, field

from descentry.record.event import Event

N_BEFORE = 16
MIN_BEFORE = 8
"""Values that must be known before a zero can be odd."""
MIN_DISTINCT = 3
"""A series of fewer different values is a constant, a switch or a count: 0 is one of its values."""
N_RANGES = 1.5
"""A zero is odd where it lies so many times the range of the values before it beyond them."""


@dataclass(slots=True)
class _Series:
    before: deque[float] = field(default_factory=lambda: deque(maxlen=N_BEFORE))
    n_odd: int = 0
    first_step: int = 0


class SuspectZeros:
    """Looks at the points of every series in turn; `events` tells each series with odd zeros."""

    def __init__(self, writer: str) -> None:
        self._writer = writer
        self._series: dict[str, _Series] = {}

    def see(self, name: str, step: int, value: float) -> None:
        """Takes the next point of a series."""
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = _Series()
        if value:
            if math.isfinite(value):
                series.before.append(value)
        elif _is_far(series.before):
            series.first_step = series.first_step if series.n_odd else step
            series.n_odd += 1

    def events(self, where: str) -> list[Event]:
        """One event for each series that has such zeros, with their number and the step of the first."""
        return [
            Event("suspect_zero", self._message(name), where, series.n_odd, series.first_step)
            for name, series in self._series.items()
            if series.n_odd
        ]

    def _message(self, name: str) -> str:
        return f"`{name}` is exactly 0 amid values far from 0: {self._writer} stores NaN and infinities so"


def _is_far(before: deque[float]) -> bool:
    if len(before) < MIN_BEFORE or len(set(before)) < MIN_DISTINCT:
        return False
    low, high = min(before), max(before)
    return low - N_RANGES * (high - low) > 0 or high + N_RANGES * (high - low) < 0
