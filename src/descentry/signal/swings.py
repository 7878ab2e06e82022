"""A steady period in a course: the line that stands out of the spectrum of what a smooth descent leaves."""

from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.robust import median, spread

N_HARMONICS = 3
HALF_BAND = 2
"""Half frequencies on each side that belong to a line: a period that is not quite steady is broader."""
N_BESIDE = 20
"""Half frequencies on each side that tell how much noise there is at a frequency."""


@dataclass(frozen=True, slots=True)
class Swing:
    """`n_cycles` in the whole course; `amplitude`: half of the way from top to bottom; `score`: power over that of
    the frequencies around; `share`: of the scatter about the smooth course that the period explains, 0 … 1.
    """

    n_cycles: float
    amplitude: float
    score: float
    share: float


def residual(y: Floats) -> Floats:
    """What a smooth descent leaves of y float64[m], m > 8: a fit of a constant, t, t² and log t, strays held back."""
    m = len(y)
    t = (np.arange(m) + 1.0) / m
    basis = np.stack([np.ones(m), t, t * t, np.log(t)], axis=1)
    weights = np.ones(m)
    for _ in range(4):
        fit, *_rest = np.linalg.lstsq(basis * weights[:, None], y * weights, rcond=None)
        left: Floats = y - basis @ fit
        noise = max(spread(left), 1e-300)
        weights = np.sqrt(np.minimum(1.0, 2.0 * noise / np.maximum(np.abs(left), 1e-300)))
    return np.clip(left, -6.0 * noise, 6.0 * noise)


def swing(y: Floats, least_cycles: int = 3, least_period: int = 6) -> Swing | None:
    """The clearest swing of y float64[m], or None where the course is too short for any."""
    m = len(y)
    most = m // least_period
    if most <= least_cycles + 2:
        return None
    left = residual(y)
    frequencies = np.arange(1.0, m // 2, 0.5)
    single = _power(left, frequencies)
    power = np.convolve(single, np.full(2 * HALF_BAND + 1, 1.0 / (2 * HALF_BAND + 1)), "same")
    inside = np.flatnonzero((frequencies >= least_cycles) & (frequencies <= most))
    at = int(inside[power[inside].argmax()])
    beside = np.abs(np.arange(len(power)) - at)
    around = single[(beside > HALF_BAND + 3) & (beside <= HALF_BAND + 3 + N_BESIDE)]
    background = max(median(around) / np.log(2.0), 1e-300)
    fitted = _fitted(left, float(frequencies[at]))
    scatter = float(((left - median(left)) ** 2).sum())
    share = 1.0 - float(((left - fitted) ** 2).sum()) / scatter if scatter > 0 else 0.0
    return Swing(float(frequencies[at]), float(np.ptp(fitted)) / 2, float(power[at]) / background, share)


def _power(left: Floats, frequencies: Floats) -> Floats:
    """The periodogram at these numbers of cycles, a window keeping strong lines from spreading."""
    m = len(left)
    tapered = (left - median(left)) * np.hanning(m)
    # Half cycles of m values are whole ones of 2 m, of which the second half is empty.
    spectrum = np.fft.rfft(tapered, 2 * m)[np.rint(2.0 * frequencies).astype(np.int64)]
    power: Floats = spectrum.real**2 + spectrum.imag**2
    return power


def _fitted(left: Floats, n_cycles: float) -> Floats:
    """The period and its harmonics, fitted, float64[m]."""
    m = len(left)
    phase = 2.0 * np.pi * n_cycles * np.arange(m) / m
    basis = [np.ones(m)]
    for k in range(1, N_HARMONICS + 1):
        basis += [np.cos(k * phase), np.sin(k * phase)]
    table = np.stack(basis, axis=1)
    weights, *_rest = np.linalg.lstsq(table, left, rcond=None)
    fitted: Floats = table @ weights
    return fitted
