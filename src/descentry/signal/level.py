"""The running level and noise of a curve, block by block: what single points are measured against.

Blocks are closed by count, so what is known after n points does not depend on how they arrived.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.robust import MAD_TO_SIGMA, SQRT_6, median, row_medians, windows

PHASES = ((0, 5), (100, 10), (500, 25), (2000, 50))
"""From this many points on, blocks of this many: an excursion may last three blocks before the level follows."""
N_LEVELS, N_NOISES, N_BENDS, N_LONG = 4, 12, 18, 60
LAG = 3
"""Blocks over which the level may stray between two looks at it: as many as an excursion may last."""


@dataclass
class BlockLevel:
    """Level and noise as of the last closed block, and the few past blocks that they rest on.

    Level: the lowest of the medians of the last four blocks, so that an excursion of up to three blocks cannot
    hide itself.  Noise: robust second differences of the last twelve blocks, with how far the level strays in
    `LAG` blocks; at least half the long-run noise, `unseen_share` of the descent so far, and half the
    smallest step that the log prints; `least` is the noise without how far the level strays.  NaN and infinity
    before there are two blocks.
    """

    unseen_share: float = 0.002
    n_points: int = 0
    size: int = PHASES[0][1]
    level: float = float("nan")
    noise: float = float("nan")
    least: float = float("nan")
    lowest: float = float("inf")
    highest: float = float("-inf")
    quantum: float = float("inf")
    levels: deque[float] = field(default_factory=lambda: deque(maxlen=2 * LAG))
    noises: deque[float] = field(default_factory=lambda: deque(maxlen=N_LONG))
    bends: deque[float] = field(default_factory=lambda: deque(maxlen=N_LONG))

    @property
    def descent(self) -> float:
        """How far the level has come, from its highest to its lowest."""
        return self.highest - self.lowest

    @property
    def point_noise(self) -> float:
        """The noise of single points about their neighbours in the last twelve blocks; 0.0 before there are any."""
        return median(np.array(list(self.noises)[-N_NOISES:])) if self.noises else 0.0

    @property
    def is_known(self) -> bool:
        return len(self.levels) >= 2 and self.noise > 0

    def n_whole(self, n_values: int) -> int:
        """Whole blocks that can be closed at once before the block size changes."""
        later = [start for start, _size in PHASES if start > self.n_points]
        room = later[0] - self.n_points if later else n_values
        return min(n_values, room) // self.size

    def ahead(self, rows: Floats) -> tuple[Floats, Floats, Floats]:
        """Level, noise, and noise of single points after each of these blocks, float64[k] each.

        `rows` is float64[k, size].
        """
        medians, scatter = _figures(rows)
        joined = np.concatenate([np.full(N_LEVELS, np.inf), list(self.levels)[-N_LEVELS:], medians])
        levels = _windows(joined, N_LEVELS, len(medians)).min(axis=1)
        padded = np.concatenate([np.full(N_LONG, np.nan), np.array(self.noises), scatter])
        short = _nanmedian(_windows(padded, N_NOISES, len(medians)))
        long = _nanmedian(_windows(padded, N_LONG, len(medians)))
        lowest = np.minimum(np.minimum.accumulate(medians), self.lowest)
        highest = np.maximum(np.maximum.accumulate(medians), self.highest)
        # A quiet stretch of a quantised curve is not free of noise; what no eye would see in a plot of the whole
        # descent counts as noise, and so does the rounding of a log that prints but a few decimals.
        least = np.maximum(0.5 * long, self.unseen_share * (highest - lowest))
        quantum = np.minimum(np.minimum.accumulate(_quanta(rows)), self.quantum)
        least = np.maximum(least, np.where(np.isfinite(quantum), 0.5 * quantum, 0.0))
        points = np.maximum(short, least)
        return levels, np.sqrt(points**2 + 4.0 * self._wander(medians) ** 2), points

    def close(self, rows: Floats, ahead: tuple[Floats, Floats, Floats]) -> Floats:
        """Take whole blocks, float64[k, size], and what `ahead` said of them; their medians come back."""
        levels, noises, points = ahead
        medians, scatter = _figures(rows)
        self.bends.extend(self._bends(medians)[-N_LONG:].tolist())
        self.levels.extend(medians[-2 * LAG :].tolist())
        self.noises.extend(scatter[-N_LONG:].tolist())
        self.level, self.noise, self.least = float(levels[-1]), float(noises[-1]), float(points[-1])
        self.quantum = min(self.quantum, float(_quanta(rows).min()))
        self.lowest = min(self.lowest, float(medians.min()))
        self.highest = max(self.highest, float(medians.max()))
        self.n_points += rows.size
        self.size = next(size for start, size in reversed(PHASES) if self.n_points >= start)
        return medians

    def resume(self, level: float) -> None:
        """The curve goes back to where its level was this; its noise is known."""
        self.levels.clear()
        self.levels.extend((level, level))
        self.level = level

    def forget_level(self) -> None:
        """The curve goes back to an earlier step: its level starts afresh, its noise is known."""
        self.levels.clear()

    def _wander(self, medians: Floats) -> Floats:
        """How far the level strays from block to block, float64[k]: slow noise that neighbours share."""
        bends = self._bends(medians)
        unknown = np.full(N_LONG + len(medians) - len(bends), np.nan)
        joined = np.concatenate([unknown, self.bends, bends])
        wander = _nanmedian(_windows(joined, N_BENDS, len(medians)))
        return np.nan_to_num(wander) * (MAD_TO_SIGMA / SQRT_6)

    def _bends(self, medians: Floats) -> Floats:
        """Second differences of the block medians over `LAG` blocks, absolute, that these blocks add."""
        joined = np.concatenate([np.array(self.levels), medians])
        bends: Floats = np.abs(joined[2 * LAG :] - 2.0 * joined[LAG:-LAG] + joined[: -2 * LAG])
        return bends[len(bends) - min(len(bends), len(medians)) :]


def residuals(rows: Floats, limit: float = float("inf")) -> Floats:
    """What is left of each block when its own straight line is taken away, float64[k, size].

    Points above `limit` count as lying there when the line is drawn.
    """
    size = rows.shape[1]
    half = size // 2
    calm = np.minimum(rows, limit)
    slope = (row_medians(calm[:, -half:]) - row_medians(calm[:, :half])) / (size - half)
    lines = slope[:, None] * (np.arange(size) - (size - 1) / 2)
    lines += row_medians(calm - lines)[:, None]
    left: Floats = rows - lines
    return left


def _windows(values: Floats, width: int, n_last: int) -> Floats:
    every: Floats = windows(values, width)[-n_last:]
    return every


def _figures(rows: Floats) -> tuple[Floats, Floats]:
    """Median and noise of each block, float64[k] each."""
    scatter = row_medians(np.abs(np.diff(rows, 2, axis=1)))
    return row_medians(rows), scatter * (MAD_TO_SIGMA / SQRT_6)


def _quanta(rows: Floats) -> Floats:
    """The smallest step between neighbours in each block, float64[k]; infinity where nothing moves."""
    gaps = np.abs(np.diff(rows, axis=1))
    smallest: Floats = np.where(gaps > 0, gaps, np.inf).min(axis=1)
    return smallest


def _nanmedian(windows: Floats) -> Floats:
    """Median over the last axis, NaN left out; NaN where nothing is known."""
    ordered = np.sort(windows, axis=1)
    n_known = windows.shape[1] - np.isnan(windows).sum(axis=1)
    last = np.maximum(n_known - 1, 0)
    rows = np.arange(len(windows))
    medians: Floats = 0.5 * (ordered[rows, last // 2] + ordered[rows, np.minimum(n_known // 2, last)])
    return medians
