"""How far the noise of a curve reaches: tails counted in bins and continued beyond the data."""

import math
from dataclasses import dataclass, field

import numpy as np

from descentry.record.chunk import Floats, Ints

_EDGES = np.concatenate([[0.0], np.geomspace(0.04, 1e6, 450)])
_MIDDLES = np.concatenate([[0.02], np.sqrt(_EDGES[1:-1] * _EDGES[2:]), [1e6]])

STRAY = 6.0
"""Noise units beyond which points are strays where they cannot be the tail."""
FAR = 1.0
"""Noise units from which a point counts as far off."""
N_SHAPED = 200
"""Points of one side from which its outermost quantiles show the shape of the tail."""
PRIOR_SHAPE, PRIOR_SPREAD = 0.2, 0.15
"""The tail shape that is assumed before the data speak, and how sure that is (a standard deviation)."""
CALM_SHAPE, CALM_WEIGHT = 0.1, 1000.0
"""The upper tail is taken as nearly exponential with the weight of this many points: spikes may have bent it."""
FEW, LEAST_BEYOND = 500, 5
"""Points of one side below which a fifth of them is fitted, and the least that are."""
MAX_SHAPE = 0.6
"""What would need a heavier tail than this is not taken for noise."""
END_ERRORS, LIVE_ERRORS = 0.75, 1.5
"""Standard errors by which a fitted shape is raised.  Higher: spikes are told later, or missed.  A growing run asks at
every length, and each time the error is another one."""

_STRAYS = int(np.searchsorted(_EDGES, STRAY)) - 1


def _zeros() -> Ints:
    return np.zeros(len(_EDGES), np.int64)


@dataclass
class Tails:
    """Counts of residuals in noise units, upwards and downwards apart, in 450 bins 4 % wide.

    `far` counts neighbours of which the first lies far off (`FAR` units), `lasting` those of which both do.
    """

    up: Ints = field(default_factory=_zeros)
    down: Ints = field(default_factory=_zeros)
    far: int = 0
    lasting: int = 0

    def add(self, scores: Floats) -> None:
        """Count residuals in noise units, float64[k, n], n neighbours a row, finite."""
        for far in (scores > FAR, scores < -FAR):
            self.far += int(far[:, :-1].sum())
            self.lasting += int((far[:, :-1] & far[:, 1:]).sum())
        bins = np.searchsorted(_EDGES, np.abs(scores), side="right") - 1
        upward = scores > 0
        np.add.at(self.up, bins[upward], 1)
        np.add.at(self.down, bins[~upward], 1)

    def joined(self, other: "Tails") -> "Tails":
        """The counts of both."""
        return Tails(
            self.up + other.up, self.down + other.down, self.far + other.far, self.lasting + other.lasting
        )

    def stay(self, n_excursions: int, expected_alarms: float) -> int:
        """The number of high points in a row that noise brings `expected_alarms` times in that many excursions.

        A high point is followed by another as often as one far off (`FAR` units) has so far been by another on its
        side, what chance brings taken away as Cohen's kappa does (1960), little data counting as one in two; or by
        chance, as often as there are excursions at all.
        """
        n = max(1, int(self.up.sum() + self.down.sum()))
        lasts = max((self._n_alike() + 1.0) / (self.far + 2.0), min(0.5, n_excursions / n))
        return 1 + math.ceil(math.log(max(1, n_excursions) / expected_alarms) / -math.log(lasts))

    @property
    def alike(self) -> float:
        """How much neighbours far off share: 0.0 for independent points, nearly 1.0 for slow noise."""
        return float(self._n_alike() / (self.far + 2.0))

    def _n_alike(self) -> float:
        """The neighbours of points far off that are so too, less those that are by chance."""
        n = max(1, int(self.up.sum() + self.down.sum()))
        by_chance = min(0.5, 0.5 * self.far / n)
        return max(0.0, self.lasting - by_chance * self.far) / (1.0 - by_chance)

    def fit(self, growing: bool = False) -> "Fit":
        """How far noise goes on upwards from what has been counted: two continuations, one of each tail.

        The upper one goes on from three of its quantiles, which spikes do not move, as Pickands' estimator does
        (1975, Annals of Statistics 3:119).  The lower one, which spikes do not touch at all, is fitted with a
        generalised Pareto law by probability-weighted moments (Hosking and Wallis, 1987, Technometrics 29:339), so
        that heavy-tailed noise raises the bar for itself.  Of few points upwards a `growing` run has their tail
        fitted too: what looks like a spike may be the first of many strays.  Nothing is said before 20 points.
        """
        if int(self.up.sum() + self.down.sum()) < 20:
            return Fit(())
        return Fit((*_upper(self.up, growing), *_pareto(self._mirrored(), growing)))

    def _mirrored(self) -> Ints:
        """Both sides together, float64[k] by size; strays are taken from below, since above they may be spikes."""
        both = self.up + self.down
        both[_STRAYS:] = 2 * self.down[_STRAYS:]
        return both

    def reach(self, expected_alarms: float) -> float:
        """The score that noise alone passes upwards `expected_alarms` times in a run of this length.

        infinity before 20 points.
        """
        return self.fit().reach(expected_alarms)


@dataclass(frozen=True, slots=True)
class Law:
    """A tail beyond `start`: generalised Pareto of this `scale` and `shape`, `n_beyond` points lying there."""

    start: float
    scale: float
    shape: float
    n_beyond: float

    def reach(self, expected: float) -> float:
        """The score beyond which `expected` points lie."""
        return self.start + self.scale * _growth(max(1.0, self.n_beyond / expected), self.shape)


@dataclass(frozen=True, slots=True)
class Fit:
    """The continuations of the tails of one noise."""

    laws: tuple[Law, ...]

    def reach(self, expected: float) -> float:
        """The score that noise passes upwards `expected` times: the largest that a law says; infinity without one."""
        return max((law.reach(expected) for law in self.laws), default=math.inf)


def _quantile(counts: Ints, share: float) -> float:
    """The score below which `share` of the counts lie."""
    total = np.cumsum(counts)
    return float(_MIDDLES[int(np.searchsorted(total, share * total[-1]))]) if total[-1] else 0.0


def _upper(counts: Ints, growing: bool) -> tuple[Law, ...]:
    n = int(counts.sum())
    if n < 10:
        return ()
    if n < N_SHAPED:
        # Quantiles so far out are single points; strays could be the spikes that are asked about.
        return (_exponential(counts[:_STRAYS]), *(_pareto(counts[:_STRAYS], growing) if growing else ()))
    # Points beyond which 1 in 3.2, 12.8, 51.2 lie: equal steps where the tail is exponential.
    shares = (0.3125, 0.3125 / 4.0, 0.3125 / 16.0)
    first, second, third = (_quantile(counts, 1.0 - share) for share in shares)
    inner, outer = max(second - first, 1e-9), max(third - second, 1e-9)
    shape = math.log(outer / inner) / math.log(4.0)
    if shape > MAX_SHAPE and third > STRAY:
        # So many strays that the quantiles lie among them: they are no tail of this noise.
        return (_exponential(counts[:_STRAYS]),)
    shape = (max(0.0, shape) * n + CALM_SHAPE * CALM_WEIGHT) / (n + CALM_WEIGHT)
    scale = max(outer, inner) / _growth(4.0, shape) * math.pow(4.0, shape)
    return (Law(third, scale, shape, shares[-1] * n),)


def _exponential(counts: Ints) -> Law:
    inner, outer = _quantile(counts, 0.75), _quantile(counts, 0.95)
    return Law(outer, (outer - inner) / math.log(5.0), 0.0, 0.05 * float(counts.sum()))


def _growth(ratio: float, shape: float) -> float:
    """How far a generalised Pareto law of scale 1 goes until one in `ratio` lies beyond."""
    return math.log(ratio) if abs(shape) < 1e-3 else (math.pow(ratio, shape) - 1.0) / shape


def _pareto(counts: Ints, growing: bool) -> tuple[Law, ...]:
    """The law of the outermost points; none where there are too few."""
    n = int(counts.sum())
    # Enough exceedances to fit, and deeper in the tail the longer the run is; of few points a fifth.
    n_tail = max(LEAST_BEYOND, 0.2 * n) if n < FEW else max(8.0, min(0.1 * n, math.pow(n, 2.0 / 3.0)))
    start = min(int(np.searchsorted(np.cumsum(counts), n - n_tail)) + 1, len(counts) - 1)
    beyond = counts[start:]
    n_beyond = int(beyond.sum())
    if n < 2 * LEAST_BEYOND:
        return ()
    if n_beyond < LEAST_BEYOND - 1:
        # Nearly all values are alike: there is no tail.
        return (Law(float(_EDGES[start]), 0.0, 0.0, 1.0),)
    excess = _MIDDLES[start : start + len(beyond)] - _EDGES[start]
    share = beyond / n_beyond
    above = 1.0 - (np.cumsum(share) - share / 2)
    mean, weighted = float(share @ excess), float(share @ (excess * above))
    gap = mean - 2.0 * weighted
    fitted = min(2.0 - mean / gap, MAX_SHAPE) if gap > 0 else MAX_SHAPE
    shape = _cautious(max(fitted, -0.2), n_beyond, LIVE_ERRORS if growing else END_ERRORS)
    return (Law(float(_EDGES[start]), mean * (1.0 - shape), shape, float(n_beyond)),)


def _cautious(fitted: float, n_beyond: int, errors: float) -> float:
    """The shape that the fit and the prior say together, and some standard errors more: heavier tails weigh more.

    The error of a shape by probability-weighted moments is about 1.1 (1 + shape) / sqrt(n) (Hosking and Wallis).
    """
    fit, prior = n_beyond / (1.1 * (1.0 + max(fitted, 0.0))) ** 2, 1.0 / PRIOR_SPREAD**2
    return (fit * fitted + prior * PRIOR_SHAPE) / (fit + prior) + errors / math.sqrt(fit + prior)
