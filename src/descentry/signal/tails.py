"""How far the noise of a curve reaches: tails counted in bins and continued beyond the data."""

import math
from dataclasses import dataclass, field

import numpy as np

from descentry.record.chunk import Floats, Ints

_EDGES = np.concatenate([[0.0], np.geomspace(0.25, 1e6, 200)])
_MIDDLES = np.concatenate([[0.125], np.sqrt(_EDGES[1:-1] * _EDGES[2:]), [1e6]])


PRIOR_SHAPE, PRIOR_WEIGHT = 0.3, 100.0
"""The tail shape that is assumed before the data speak, worth this many exceedances."""


def _zeros() -> Ints:
    return np.zeros(len(_EDGES), np.int64)


@dataclass
class Tails:
    """Counts of residuals in noise units, upwards and downwards apart, in 200 bins 8 % wide."""

    up: Ints = field(default_factory=_zeros)
    down: Ints = field(default_factory=_zeros)

    def add(self, scores: Floats) -> None:
        """Count residuals in noise units, float64[n], finite."""
        bins = np.searchsorted(_EDGES, np.abs(scores), side="right") - 1
        upward = scores > 0
        np.add.at(self.up, bins[upward], 1)
        np.add.at(self.down, bins[~upward], 1)

    def reach(self, expected_alarms: float) -> float:
        """The score that noise alone passes upwards `expected_alarms` times in a run of this length.

        The larger of two continuations.  The upper tail is taken as exponential from its 75 % and 95 %
        points on, which spikes do not move.  The lower tail, which spikes do not touch at all, is fitted
        with a generalised Pareto law by probability-weighted moments (Hosking and Wallis, 1987,
        Technometrics 29:339), so that heavy-tailed noise raises the bar for itself.  Short runs, whose 95 %
        point is a guess, get a margin.  A seventh is added because a leap is measured from the lowest of four
        levels, which lies a little under the middle of the noise.  infinity before 20 points.
        """
        n = int(self.up.sum() + self.down.sum())
        if n < 20:
            return float("inf")
        margin = 1.15 + 8.0 / np.sqrt(n)
        reach = max(_exponential_reach(self.up, expected_alarms), _pareto_reach(self.down, expected_alarms))
        return float(margin * reach)


def _quantile(counts: Ints, share: float) -> float:
    """The score below which `share` of the counts lie."""
    total = np.cumsum(counts)
    return float(_MIDDLES[int(np.searchsorted(total, share * total[-1]))]) if total[-1] else 0.0


def _exponential_reach(counts: Ints, expected_alarms: float) -> float:
    n = int(counts.sum())
    if n < 10:
        return 0.0
    inner, outer = _quantile(counts, 0.75), _quantile(counts, 0.95)
    slope = (outer - inner) / math.log(5.0)
    return outer + slope * max(0.0, math.log(0.05 * n / expected_alarms))


def _pareto_reach(counts: Ints, expected_alarms: float) -> float:
    n = int(counts.sum())
    if n < 40:
        return 0.0
    start = int(np.searchsorted(np.cumsum(counts), 0.9 * n)) + 1
    beyond = counts[start:]
    n_beyond = int(beyond.sum())
    if n_beyond < 8:
        return 0.0
    threshold = _EDGES[start]
    excess = _MIDDLES[start:] - threshold
    share = beyond / n_beyond
    above = 1.0 - (np.cumsum(share) - share / 2)
    mean, weighted = float(share @ excess), float(share @ (excess * above))
    gap = mean - 2.0 * weighted
    if gap <= 0:
        return float(threshold + excess[beyond > 0][-1])
    shape = float(np.clip(2.0 - mean / gap, -0.2, 0.6))
    # Few exceedances say little about the shape: until there are hundreds a moderately heavy tail is assumed.
    shape = (n_beyond * shape + PRIOR_WEIGHT * PRIOR_SHAPE) / (n_beyond + PRIOR_WEIGHT)
    scale = mean * (1.0 - shape)
    ratio = n_beyond / expected_alarms
    growth = np.log(ratio) if abs(shape) < 1e-3 else (ratio**shape - 1.0) / shape
    return float(threshold + scale * growth)
