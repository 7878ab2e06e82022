"""One series as lines: as logged, smoothed, or as marked points, cut down to what a picture can tell apart."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from descentry.plot.abscissa import Abscissa
from descentry.plot.drawing import Kind, Line
from descentry.plot.subject import Series, standing
from descentry.record.chunk import Floats, Ints
from descentry.record.legible import clipped, escaped
from descentry.record.roles import Role
from descentry.signal.envelope import Envelope, envelope
from descentry.signal.smooth import NONE, Smoothing, smooth

MOST = 1e300
"""Larger values are drawn here: beyond, an axis has no room for its margins."""
_NAME_CELLS = 40
_VALIDATION = {
    Role.VAL_LOSS,
    Role.TEST_LOSS,
    Role.VAL_LOSS_PART,
    Role.VAL_ACCURACY,
    Role.VAL_PERPLEXITY,
}
_WIDE_GAP = 1.5
"""Bucket widths between two points beside a non-finite one from which the line breaks."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where lines are drawn: the places of steps, logarithmic axes or not, how many places x has."""

    places: Abscissa
    n_buckets: int
    x_log: bool = False
    y_log: bool = False

    def x(self, steps: Floats) -> Floats:
        """The places of steps as buckets count them: their logarithm on a logarithmic axis, NaN where it has none."""
        return _log10(self.places.of(steps)) if self.x_log else self.places.of(steps)

    def back(self, x: Floats) -> Floats:
        """Places as the axis counts them."""
        with np.errstate(over="ignore"):
            return np.power(10.0, x) if self.x_log else x

    def fits(self, values: Floats) -> Floats:
        """The values, NaN where the axis has no place for them."""
        inside = np.clip(values, -MOST, MOST)
        return np.where(np.isfinite(values) & ((inside > 0) | (not self.y_log)), inside, np.nan)


def _log10(x: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x > 0, np.log10(np.where(x > 0, x, 1.0)), np.nan)


def is_validation(series: Series) -> bool:
    """Whether a series is measured on data that are not trained on."""
    return series.role in _VALIDATION


def name_of(series: Series) -> str:
    """A series' name, fit to be shown."""
    return clipped(escaped(series.name), _NAME_CELLS)


def lines(series: Series, run: int, grid: Grid, how: Smoothing) -> Iterator[Line]:
    """The lines that show a series: raw and smoothed, or one alone where nothing is smoothed."""
    if is_validation(series):
        yield _drawn(series, run, grid, Kind.VALIDATION)
    elif how == NONE:
        yield _drawn(series, run, grid, Kind.SOLE)
    else:
        yield _drawn(series, run, grid, Kind.RAW)
        yield smoothed_line(series, run, grid, how)


def _drawn(series: Series, run: int, grid: Grid, kind: Kind) -> Line:
    """Every point while they are few, else an envelope that loses no extreme."""
    x = grid.x(series.steps.astype(np.float64))
    values, low, high = (grid.fits(array) for array in (series.values, series.low, series.high))
    if series.is_raw and len(series) <= 2 * grid.n_buckets:
        x, values = _broken_where_back(series, x, values)
        return Line(name_of(series), run, kind, grid.back(x), values)
    found = envelope(x, values, grid.n_buckets, low, high)
    gaps = _gaps(found, x[~np.isfinite(values)], grid.n_buckets)
    x, values, low, high = (np.insert(a, gaps, np.nan) for a in (found.x, found.mean, found.low, found.high))
    return Line(name_of(series), run, kind, grid.back(x), values, low, high)


def smoothed_line(series: Series, run: int, grid: Grid, how: Smoothing) -> Line:
    """The smoothed course of what was not written anew, at most one point for each place."""
    kept = standing(series.steps)
    logged = series.values[kept]
    logged = np.where(np.isfinite(logged), np.clip(logged, -MOST, MOST), np.nan)
    values = grid.fits(smooth(how, series.steps[kept], logged))
    x = grid.x(series.steps[kept].astype(np.float64))
    if len(x) > grid.n_buckets:
        found = envelope(x, values, grid.n_buckets)
        gaps = _gaps(found, x[np.isnan(values)], grid.n_buckets)
        x, values = np.insert(found.x, gaps, np.nan), np.insert(found.mean, gaps, np.nan)
    return Line(name_of(series), run, Kind.SMOOTHED, grid.back(x), values)


def _broken_where_back(series: Series, x: Floats, values: Floats) -> tuple[Floats, Floats]:
    """A break wherever the log goes back, so that no line runs from right to left."""
    backs = np.flatnonzero(np.diff(series.steps) < 0) + 1
    return np.insert(x, backs, np.nan), np.insert(values, backs, np.nan)


def _gaps(found: Envelope, bad: Floats, n_buckets: int) -> Ints:
    """Where an envelope's line must break: between far points with non-finite ones between them."""
    bad = bad[np.isfinite(bad)]
    if len(found) < 2 or not len(bad):
        return np.empty(0, np.int64)
    width = (found.x[-1] - found.x[0]) / n_buckets
    far = np.diff(found.x) > _WIDE_GAP * width
    after = np.unique(np.searchsorted(found.x, bad))
    inside = after[(after > 0) & (after < len(found))]
    gaps: Ints = inside[far[inside - 1]]
    return gaps


def non_finite(series: Series, grid: Grid) -> Floats:
    """Where NaN or infinities were logged, at most one place for each bucket."""
    x = grid.x(series.steps[~np.isfinite(series.values)].astype(np.float64))
    x = x[np.isfinite(x)]
    found = envelope(x, np.zeros(len(x)), grid.n_buckets)
    return grid.back(found.x)
