"""Lines and parabolas fitted to neighbours: Savitzky-Golay and LOWESS.

Every function takes finite values only; `smooth` puts the gaps back.
"""

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.averages import moving_median
from descentry.signal.robust import binned, median

CUBIC = 3
N_REDUCED = 1000
"""Points that LOWESS sees at most: medians of as many equal blocks.  Higher: slower by the square."""
N_ROBUST = 2
"""Rounds in which far points lose their weight, as Cleveland's."""
MEDIAN_WIDTH = 15
"""Neighbours whose median tells what is far before the first line is fitted."""
ROUNDING = 1e-9
"""Residuals this small a share of the largest value are rounding."""


def savgol(values: Floats, width: int) -> Floats:
    """Cubics fitted to `width` neighbours, read at their middle, float64[n]; the ends are read off the outer fits.

    `width` odd, at least 5; fewer values make it narrower.  It keeps the height of peaks that a mean would flatten.
    Source: Savitzky and Golay, Analytical Chemistry 36, 1964.
    """
    n = len(values)
    width = min(width, n - 1 + n % 2)
    if width < CUBIC + 2:
        return values
    half = width // 2
    places = np.arange(-half, half + 1) / half
    fits = np.linalg.pinv(np.vander(places, CUBIC + 1, increasing=True))
    smoothed = np.empty(n)
    smoothed[half : n - half] = np.convolve(values, fits[0][::-1], mode="valid")
    outer = np.vander(places, CUBIC + 1, increasing=True) @ fits
    smoothed[:half] = (outer @ values[:width])[:half]
    smoothed[n - half :] = (outer @ values[n - width :])[half + 1 :]
    return smoothed


def lowess(steps: Floats, values: Floats, share: float) -> Floats:
    """Lines fitted to the nearest `share` of the points, near ones weighing more and far values less, float64[n].

    `steps` float64[n], not falling.  Of more than 1,000 points, medians of 1,000 equal blocks are fitted; between
    them the result is straight.  `share` from above 0 to 1.  Higher: smoother.
    Source: Cleveland, Journal of the American Statistical Association 74, 1979.
    """
    x, y = binned(steps, N_REDUCED), binned(values, N_REDUCED)
    n = len(x)
    n_near = min(n, max(3, round(share * n)))
    if n < 3:
        return values
    starts = _nearest(x, n_near)
    rows = starts[:, None] + np.arange(n_near)
    far = np.abs(x[rows] - x[:, None])
    # A window that is one step wide has no far end.
    weights = (1 - np.minimum(far / np.maximum(far.max(axis=1, keepdims=True), 1e-300), 1) ** 3) ** 3
    # A first fit without distrust would be torn by what is far, and its neighbours distrusted with it.
    fitted = moving_median(y, min(n_near, MEDIAN_WIDTH))
    for _ in range(N_ROBUST + 1):
        fitted = _lines(x, y, rows, weights * _trust(y, fitted)[rows])
    return np.interp(steps, x, fitted)


def _nearest(x: Floats, n_near: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Where the window of the `n_near` nearest points begins, for each point."""
    starts = np.zeros(len(x), np.int64)
    start = 0
    for i in range(len(x)):
        while start + n_near < len(x) and x[start + n_near] - x[i] < x[i] - x[start]:
            start += 1
        starts[i] = start
    return starts


def _lines(
    x: Floats, y: Floats, rows: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", w: Floats
) -> Floats:
    """The weighted line through each row's points, read at its own x."""
    total = np.maximum(w.sum(axis=1), 1e-300)
    near, level = x[rows], y[rows]
    x_mean = (w * near).sum(axis=1) / total
    y_mean = (w * level).sum(axis=1) / total
    from_mean = near - x_mean[:, None]
    spread = (w * from_mean**2).sum(axis=1)
    slope = (w * from_mean * (level - y_mean[:, None])).sum(axis=1) / np.where(spread > 0, spread, 1)
    fitted: Floats = np.where(total > 1e-300, y_mean + np.where(spread > 0, slope, 0) * (x - x_mean), y)
    return fitted


def _trust(y: Floats, fitted: Floats) -> Floats:
    """The bisquare of each residual in six median absolute deviations."""
    residual = np.abs(y - fitted)
    size = max(6.0 * median(residual), ROUNDING * float(np.abs(y).max()))
    trust: Floats = (1 - np.minimum(residual / size, 1) ** 2) ** 2 if size > 0 else np.ones_like(y)
    return trust
