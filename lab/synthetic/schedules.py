"""Learning rates over a run, float64[n] with peak 1, by the names that reports use."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def share(n: int) -> Floats:
    """How much of the run is done at each of n steps, 0 to (nearly) 1."""
    return np.arange(n) / n


def constant(n: int) -> Floats:
    """1 throughout."""
    return np.ones(n)


def step(n: int) -> Floats:
    """Cut tenfold at a half and three quarters."""
    cuts = (share(n) >= 0.5).astype(float) + (share(n) >= 0.75)
    factors: Floats = np.power(0.1, cuts)
    return factors


def exponential(n: int) -> Floats:
    """Falls by the same factor at every step, to a hundredth."""
    factors: Floats = np.power(0.01, share(n))
    return factors


def cosine(n: int) -> Floats:
    """Half a cosine down to a tenth."""
    return 0.1 + 0.45 * (1 + np.cos(np.pi * share(n)))


def warm_restarts(n: int) -> Floats:
    """Cosines of growing length, each from 1 to a hundredth (Loshchilov & Hutter 2016, arXiv:1608.03983)."""
    starts = np.array([0.0, 1 / 7, 3 / 7, 1.0])
    k = np.searchsorted(starts, share(n), side="right") - 1
    inside = (share(n) - starts[k]) / (starts[k + 1] - starts[k])
    rates: Floats = 0.01 + 0.495 * (1 + np.cos(np.pi * inside))
    return rates


def linear(n: int) -> Floats:
    """A line down to nothing."""
    return 1.0 - share(n)


def inverse_sqrt(n: int) -> Floats:
    """Warm-up over a fiftieth, then the inverse square root of the step."""
    warm = max(1, n // 50)
    k = np.arange(n) + 1.0
    return np.minimum(k / warm, np.sqrt(warm / k))


def cyclical(n: int) -> Floats:
    """Six triangles between a tenth and 1 (Smith 2015, arXiv:1506.01186)."""
    inside = (6 * share(n)) % 1.0
    return 0.1 + 0.9 * (1 - np.abs(2 * inside - 1))


def one_cycle(n: int) -> Floats:
    """Up through three tenths, down to a ten-thousandth (Smith & Topin 2017, arXiv:1708.07120)."""
    up = 0.04 + 0.48 * (1 - np.cos(np.pi * np.minimum(share(n) / 0.3, 1)))
    down = 1e-4 + 0.5 * (1 + np.cos(np.pi * np.clip((share(n) - 0.3) / 0.7, 0, 1)))
    return np.where(share(n) < 0.3, up, down)


def warmup(n: int) -> Floats:
    """A line up through a tenth of the run, then 1."""
    return np.minimum(1.0, (share(n) + 1 / n) / 0.1)


def wsd(n: int) -> Floats:
    """Warm-up, stable, and a line down through the last fifth (Hu et al. 2024, arXiv:2404.06395)."""
    return np.minimum(np.minimum(1.0, (share(n) + 1 / n) / 0.02), np.maximum(0.01, (1 - share(n)) / 0.2))


def on_plateau(n: int) -> Floats:
    """Cut threefold at uneven places, as ReduceLROnPlateau does."""
    places = (0.31, 0.52, 0.61, 0.83, 0.9)
    cuts = np.searchsorted(np.array(places), share(n), side="right")
    factors: Floats = np.power(1 / 3, cuts.astype(float))
    return factors


SCHEDULES: Mapping[str, Callable[[int], Floats]] = {
    one.__name__: one
    for one in (constant, step, exponential, cosine, warm_restarts, linear, inverse_sqrt, cyclical, one_cycle,
                warmup, wsd, on_plateau)
}  # fmt: skip
