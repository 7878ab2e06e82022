"""Expected losses: closed forms, and a model that answers to its learning rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def power(
    n: int, first: float = 5.0, floor: float = 2.0, exponent: float = 0.5, scale: float = 200.0
) -> Floats:
    """floor + (first - floor) (1 + scale k / n)^-exponent, float64[n]."""
    return floor + (first - floor) * (1.0 + scale * np.arange(n) / n) ** -exponent


def exponential(n: int, first: float = 2.3, floor: float = 0.4, halvings: float = 6.0) -> Floats:
    """Halves its distance to the floor `halvings` times over the run, float64[n]."""
    course: Floats = floor + (first - floor) * np.power(0.5, halvings * np.arange(n) / n)
    return course


def logarithmic(n: int, first: float = 8.0, last: float = 3.0) -> Floats:
    """Falls by as much in each tenfold of steps, float64[n]."""
    k = np.log1p(np.arange(n)) / np.log1p(n)
    course: Floats = first + (last - first) * k
    return course


@dataclass(frozen=True, slots=True)
class Quadratic:
    """A noisy quadratic (Zhang et al. 2019, arXiv:1907.04164): many directions, each with its own curvature.

    Where the rate is high, gradient noise keeps the loss up; where it is cut, the loss falls at once. `n_directions`
    curvatures fall as a power law from 1; `noise` is the variance of a gradient per unit of curvature.
    """

    n_directions: int = 60
    first: float = 5.0
    floor: float = 2.0
    noise: float = 40.0
    peak: float = 0.5

    def course(self, rates: Floats, speed: float = 1.0) -> Floats:
        """The expected loss at each step for learning rates of peak 1, float64[n].

        `speed` scales time: a run of n steps does as much as `speed` times n usual ones.
        """
        n = len(rates)
        curvature = (1.0 + np.arange(self.n_directions)) ** -1.2
        per_step = max(0.05, 800.0 * speed / n)
        start = 2.0 * (self.first - self.floor) / (self.n_directions * curvature)
        bias, spread = np.sqrt(start), np.zeros(self.n_directions)
        losses = np.empty(n)
        for k in range(n):
            losses[k] = self.floor + 0.5 * float((curvature * (bias**2 + spread)).sum())
            step = min(self.peak * rates[k], 1.0) * curvature
            keep = (1.0 - step) ** per_step
            settled = self.noise * step / (2.0 - step) / self.n_directions
            bias, spread = bias * keep, spread * keep**2 + settled * (1.0 - keep**2)
        return losses
