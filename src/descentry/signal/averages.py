"""Averages of neighbours: exponential, moving mean, moving median.

Every function takes finite values only; `smooth` puts the gaps back.
"""

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.robust import row_medians, windows

MOST_SORTED = 1 << 24
"""Values that a running median may sort; beyond, it is taken at every k-th point and joined by straight lines."""
_AT_ONCE = 1 << 22


def ema(steps: Floats, values: Floats, beta: float) -> Floats:
    """The exponential moving average, float64[n]: a value d steps back weighs `beta` ** d.

    `steps` float64[n], not falling; `values` float64[n].  The weights are those of the values that are there, so the
    first point comes back as it is (the bias correction of Kingma and Ba, 2015, arXiv 1412.6980, for uneven steps),
    and a run logged at every tenth step is smoothed over as many steps as one logged at each.
    `beta` from 0 (nothing is smoothed) to below 1.  Higher: smoother, and later.
    """
    if not len(values):
        return values
    kept = np.power(beta, np.diff(steps)).tolist()
    smoothed, mean, weight = [], float(values[0]), 1.0
    smoothed.append(mean)
    for share, value in zip(kept, values[1:].tolist(), strict=True):
        weight = weight * share + 1.0
        mean += value / weight - mean / weight
        smoothed.append(mean)
    return np.array(smoothed)


def moving_mean(values: Floats, width: int) -> Floats:
    """Means of `width` neighbours, float64[n], centred; fewer at the ends, the same number on both sides.

    Sums are never taken over more than two windows (van Herk, 1992), so a value of 1e30 leaves no trace beyond its own.
    """
    n = len(values)
    half = min(width // 2, (n - 1) // 2)
    if half < 1:
        return values
    smoothed = np.empty(n)
    smoothed[half : n - half] = _window_sums(values / (2 * half + 1), 2 * half + 1)
    for i in range(half):
        smoothed[i] = float(np.mean(values[: 2 * i + 1]))
        smoothed[n - 1 - i] = float(np.mean(values[n - 1 - 2 * i :]))
    return smoothed


def _window_sums(values: Floats, width: int) -> Floats:
    """Sums of all windows, float64[n - width + 1]: a suffix of one block and a prefix of the next."""
    n = len(values)
    padded = np.zeros(-(-n // width) * width)
    padded[:n] = values
    blocks = padded.reshape(-1, width)
    prefixes = np.cumsum(blocks, axis=1).ravel()
    suffixes = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    starts = np.arange(n - width + 1)
    into_next = prefixes[starts + width - 1]
    sums: Floats = np.where(starts % width == 0, into_next, suffixes[starts] + into_next)
    return sums


def moving_median(values: Floats, width: int) -> Floats:
    """Medians of `width` neighbours, float64[n], centred; fewer at the ends, the same number on both sides."""
    n = len(values)
    half = min(width // 2, (n - 1) // 2)
    if half < 1:
        return values
    every = -(-(n * (2 * half + 1)) // MOST_SORTED)
    rows = windows(values, 2 * half + 1)[::every]
    at_once = max(1, _AT_ONCE // (2 * half + 1))
    medians = [row_medians(rows[start : start + at_once]) for start in range(0, len(rows), at_once)]
    centres = half + every * np.arange(len(rows), dtype=np.float64)
    smoothed = np.interp(np.arange(n, dtype=np.float64), centres, np.concatenate(medians))
    reach = range(0, half, every)
    for i in reach:
        smoothed[i : min(i + every, half)] = np.median(values[: 2 * i + 1])
        smoothed[max(n - half, n - i - every) : n - i] = np.median(values[n - 1 - 2 * i :])
    return smoothed
