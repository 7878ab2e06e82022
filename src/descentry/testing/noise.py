"""Noise models for made curves: each a function of a generator and a length, of unit scale and no drift.

The names in `NOISES` are those that healthy runs must stay silent under.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import Generator

from descentry.record.chunk import Floats

Noise = Callable[[Generator, int], Floats]
"""From a generator and n to float64[n]: mean (nearly) 0, scale 1."""


def none(random: Generator, n_points: int) -> Floats:
    """Zeros, float64[n]: for curves that must be found exactly."""
    del random
    return np.zeros(n_points)


def white(random: Generator, n_points: int) -> Floats:
    """Independent Gaussian values, float64[n]."""
    return random.standard_normal(n_points)


def student(random: Generator, n_points: int) -> Floats:
    """Independent Student t values of three degrees of freedom, float64[n]: heavy tails on both sides."""
    values: Floats = random.standard_t(3.0, n_points) / np.sqrt(3.0)
    return values


def laplace(random: Generator, n_points: int) -> Floats:
    """Independent Laplace values of variance 1, float64[n]."""
    return random.laplace(0.0, np.sqrt(0.5), n_points)


def skewed(random: Generator, n_points: int) -> Floats:
    """Independent exponential values less their mean, float64[n]: as losses of single batches lean upwards."""
    return random.exponential(1.0, n_points) - 1.0


def autoregressive(random: Generator, n_points: int, share: float = 0.9) -> Floats:
    """A first-order autoregression of variance 1, float64[n]: each value keeps `share` of the one before."""
    fresh = random.standard_normal(n_points) * np.sqrt(1.0 - share * share)
    values = np.empty(n_points)
    last = float(random.standard_normal())
    for i, step in enumerate(fresh.tolist()):
        last = share * last + step
        values[i] = last
    return values


NOISES: Mapping[str, Noise] = {
    "white": white,
    "student": student,
    "laplace": laplace,
    "skewed": skewed,
    "autoregressive": autoregressive,
}
