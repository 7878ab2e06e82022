"""A power law fitted to one loss: L(n) = floor + height n^-exponent.

For each exponent of a grid, floor and height are the non-negative least-squares solution in closed form; the best
exponent is refined once, and points far from the fit weigh less (Huber, 1964).  Everything is linear in the loss, so
a loss in other units gives the same exponent.  The law is that of Jiang et al. (2024, arXiv:2410.11820).
"""

from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.robust import spread

MIN_POINTS = 8
"""Three figures are fitted: with fewer points they say nothing."""
MIN_RATIO = 1.5
"""The last position over the first: a shorter stretch shows no exponent."""
HUBER = 1.345
"""Residuals above so many noise units weigh less: 95 % efficiency on Gaussian noise (Huber, 1964)."""
N_REWEIGHTED = 3


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """L(n) = floor + height n^-exponent; floor and height at least 0."""

    floor: float
    height: float
    exponent: float

    def loss(self, n: float) -> float:
        """The loss expected at position n > 0."""
        return self.floor + self.reducible(n)

    def reducible(self, n: float) -> float:
        """What is left above the floor at position n > 0."""
        return float(self.height * n**-self.exponent)

    def speed(self, n: float) -> float:
        """How fast the loss falls at position n > 0, per unit of n: exponent (L(n) - floor) / n, at least 0."""
        return self.exponent * self.reducible(n) / n


def fitted(n: Floats, losses: Floats, least: float = 0.05, most: float = 2.0) -> PowerLaw | None:
    """The law of float64[k] losses at float64[k] rising positions above 0; None where they are too few to tell one.

    `least`, `most`: bounds of the exponent; a higher `most` lets a loss that drops at once count as learned.
    A loss that stands or rises gives height 0: a speed of 0.
    """
    if len(n) < MIN_POINTS or n[-1] < MIN_RATIO * n[0]:
        return None
    scale = float(np.abs(losses).max())
    if scale <= 0:
        return PowerLaw(0.0, 0.0, least)
    x, y = n / n[-1], losses / scale
    weights = np.ones(len(y))
    coarse = np.geomspace(least, most, 24)
    floor, height, exponent = 0.0, 0.0, least
    for _ in range(N_REWEIGHTED):
        floor, height, exponent = _refined(x, y, weights, coarse)
        residual = y - floor - height * x**-exponent
        weights = _huber(residual)
    return PowerLaw(floor * scale, height * scale * float(n[-1]) ** exponent, exponent)


def _refined(x: Floats, y: Floats, weights: Floats, coarse: Floats) -> tuple[float, float, float]:
    best = _best(x, y, weights, coarse)
    k = int(np.searchsorted(coarse, best[2]))
    near = np.geomspace(coarse[max(k - 1, 0)], coarse[min(k + 1, len(coarse) - 1)], 17)
    return min(best, _best(x, y, weights, near), key=lambda one: _misfit(x, y, weights, one))


def _best(x: Floats, y: Floats, weights: Floats, exponents: Floats) -> tuple[float, float, float]:
    """Floor, height and exponent of the least weighted squares."""
    basis = x[None, :] ** -exponents[:, None]
    total = weights.sum()
    mean_y = float(weights @ y / total)
    mean_basis = basis @ weights / total
    centred = basis - mean_basis[:, None]
    height = np.maximum(centred @ (weights * (y - mean_y)), 0.0) / np.maximum(centred**2 @ weights, 1e-300)
    floor = mean_y - height * mean_basis
    alone = np.maximum(basis @ (weights * y), 0.0) / np.maximum(basis**2 @ weights, 1e-300)
    height, floor = np.where(floor < 0, alone, height), np.maximum(floor, 0.0)
    misfit = (y[None, :] - floor[:, None] - height[:, None] * basis) ** 2 @ weights
    k = int(misfit.argmin())
    return float(floor[k]), float(height[k]), float(exponents[k])


def _misfit(x: Floats, y: Floats, weights: Floats, law: tuple[float, float, float]) -> float:
    floor, height, exponent = law
    return float(((y - floor - height * x**-exponent) ** 2) @ weights)


def _huber(residual: Floats) -> Floats:
    noise = spread(residual)
    if noise <= 0:
        return np.ones(len(residual))
    return np.minimum(1.0, HUBER * noise / np.maximum(np.abs(residual), 1e-300))
