"""Where a learning rate rises again: warm restarts, cycles, a rate that was set anew."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.shape import Shape

RISE = 1.3
"""A rise by less than this factor changes a loss by little."""
QUICK_SHARE = 0.06
"""A rise that takes longer, as a share of the run, is a cycle's slope and no restart."""


@dataclass(frozen=True, slots=True)
class RateRise:
    """One rise after the first warm-up: from step `start` to step `end`, by the factor `factor`."""

    start: float
    end: float
    factor: float
    is_quick: bool


def rate_rises(rate: Shape | None) -> list[RateRise]:
    """The rises of a logged rate after its first peak, in order; empty for None and for fewer than three values."""
    if rate is None or len(rate) < 3:
        return []
    y = rate.levels
    span = max(1, rate.last_step - rate.first_step)
    found = []
    for begin, stop in _climbs(y):
        low, high = float(y[begin]), float(y[stop])
        if begin == 0 or high < RISE * max(low, 1e-300):
            continue
        start, end = float(rate.last_steps[begin]), float(rate.first_steps[stop])
        found.append(RateRise(start, end, high / max(low, 1e-12 * high), end - start <= QUICK_SHARE * span))
    return found


def _climbs(y: Floats) -> list[tuple[int, int]]:
    """First and last index of each stretch in which y does not fall and rises at least once."""
    falls = np.diff(y) < 0
    edges = np.concatenate([[-1], np.flatnonzero(falls), [len(y) - 1]])
    stretches = [(a + 1, b) for a, b in pairwise(edges.tolist()) if b > a + 1]
    climbs = []
    for begin, stop in stretches:
        part = y[begin : stop + 1]
        top = int(part.argmax())
        if top > 0:
            low = int(np.flatnonzero(part[: top + 1] <= part[0])[-1])
            climbs.append((begin + low, begin + top))
    return climbs
