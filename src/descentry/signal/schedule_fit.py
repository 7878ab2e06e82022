"""Which formula a falling learning rate follows: fits of the decays that people use, by least squares."""

from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats

SAME = 5e-4
"""Fits whose residuals are below this share of the fall are equally good: what five logged digits leave."""
GOOD = 0.03
"""A formula that is further off than this share of the fall is none."""
N_FITTED = 120
"""Points that are fitted: a formula has three parameters."""
LOGARITHMIC = 0.03
"""Rates below this share of the first may be rounded to nothing, which a logarithm would blow up."""
LONGEST = 12.0
"""A cosine of more than so many times the logged length cannot be told from a parabola."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A formula and its root mean square residual, as a share of the whole fall; `exponent` of a polynomial."""

    kind: str
    residual: float
    exponent: float = 1.0


def decay(
    steps: Floats, rates: Floats, origins: tuple[float, ...], rounding: float = 0.0
) -> tuple[Fit, float]:
    """The simplest formula that fits a falling series, and how many times worse the next one is.

    `steps`, `rates` float64[n], n >= 3, the rates falling; `origins`: steps at which the schedule may have begun;
    `rounding`: what the printed digits leave open, as a share of the fall.  Kind "other" where none fits.
    """
    fall = float(rates[0] - rates[-1])
    if fall <= 0 or len(rates) < 3:
        return Fit("other", 1.0), 1.0
    if len(rates) > N_FITTED:
        kept = np.linspace(0, len(rates) - 1, N_FITTED).astype(np.int64)
        steps, rates = steps[kept], rates[kept]
    share = (steps - steps[0]) / (steps[-1] - steps[0])
    fits = [
        Fit("linear", _lines(share, rates) / fall),
        Fit("exponential", _exponential(share, rates) / fall),
        Fit("inverse_sqrt", _inverse_power(share, rates, 2) / fall),
        Fit("inverse_time", _inverse_power(share, rates, 1) / fall),
        Fit("cosine", min(_cosine(steps, rates, origin) for origin in set(origins)) / fall),
        _polynomial(share, rates, fall),
        # 1 - sqrt(s), the cool-down of Hägele et al. (2024, arXiv:2405.18392).
        Fit("sqrt", _lines(np.sqrt(share), rates) / fall),
    ]
    best = min(fit.residual for fit in fits)
    enough = max(2.0 * best, SAME, rounding)
    chosen = next(fit for fit in fits if fit.residual <= enough)
    if chosen.residual > max(GOOD, 1.2 * rounding):
        return Fit("other", chosen.residual), 1.0
    others = [
        fit.residual
        for fit in fits
        if fit.kind != chosen.kind and not (chosen.kind in _POWERS and fit.kind in _POWERS)
    ]
    return chosen, min(others) / max(chosen.residual, 0.2 * SAME)


_POWERS = ("linear", "polynomial")


def _rms(values: Floats) -> float:
    return float(np.sqrt((values * values).mean()))


def _lines(x: Floats, y: Floats) -> float:
    """The residual of y = a + b x."""
    return float(_rows(x[None, :], y)[0])


def _through(x: Floats, y: Floats) -> tuple[float, float]:
    dx = x - x.mean()
    slope = float((dx * (y - y.mean())).sum()) / max(float((dx * dx).sum()), 1e-300)
    return float(y.mean()) - slope * float(x.mean()), slope


def _exponential(share: Floats, rates: Floats) -> float:
    """y = y0 exp(-k s): a line in the logarithm."""
    kept = rates > LOGARITHMIC * rates[0]
    start, slope = _through(share[kept], np.log(rates[kept]))
    return _rms(rates - np.exp(start + slope * share))


def _inverse_power(share: Floats, rates: Floats, power: int) -> float:
    """y = y0 (1 + q s)^(-1 / power), a line in y^-power: inverse time, and the inverse square root of
    Vaswani et al. (2017, arXiv:1706.03762)."""
    kept = rates > LOGARITHMIC * rates[0]
    start, slope = _through(share[kept], rates[kept] ** -float(power))
    line = start + slope * share
    return _rms(rates - line ** (-1.0 / power)) if bool((line > 0).all()) else float("inf")


def _cosine(steps: Floats, rates: Floats, origin: float) -> float:
    """y = a + b cos(pi t / T), T at least the logged length (Loshchilov & Hutter 2016, arXiv:1608.03983)."""
    t = np.pi * (steps - origin) / (steps[-1] - origin)
    lengths = np.geomspace(1.0, LONGEST, 16)
    found = _rows(np.cos(t / lengths[:, None]), rates)
    best = int(found.argmin())
    low, high = lengths[max(0, best - 1)], lengths[min(len(lengths) - 1, best + 1)]
    near = _rows(np.cos(t / np.linspace(low, high, 17)[:, None]), rates)
    return float(min(found.min(), near.min()))


def _rows(shapes: Floats, y: Floats) -> Floats:
    """The residual of y = a + b x for each row x of float64[k, n], float64[k]."""
    dx, dy = shapes - shapes.mean(axis=1, keepdims=True), y - y.mean()
    slopes = (dx @ dy) / np.maximum((dx * dx).sum(axis=1), 1e-300)
    left: Floats = np.sqrt(((dy - slopes[:, None] * dx) ** 2).mean(axis=1))
    return left


def _polynomial(share: Floats, rates: Floats, fall: float) -> Fit:
    """y = a + b (1 - s)^p: its end is the end of the series."""
    powers = np.array([0.5, 0.7, 0.8, 0.9, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0])
    found = _rows((1.0 - share) ** powers[:, None], rates) / fall
    best = int(found.argmin())
    return Fit("polynomial", float(found[best]), float(powers[best]))
