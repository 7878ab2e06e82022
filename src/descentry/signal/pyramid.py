"""A curve of any length, kept so that any stretch of it is drawn at once, with every extreme of that stretch.

Level 0 holds the points, level k blocks of 16^k of them (lowest, mean, highest, count of finite values, mean x).  A
stretch is drawn from the coarsest level that still has twice as many blocks as the picture has columns; what sticks
out of whole blocks at its ends is taken from the points.
"""

from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats, Ints

RATIO = 16
"""Points, or blocks, in a block of the next level.  Higher: less memory, slower pictures."""
FINER = 2
"""Blocks for each column of the picture, at least.  Higher: columns meet their edges more exactly, slower."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A stretch of a curve by columns, in order of x; all arrays are float64 and have one length.

    A column without a finite value is NaN in `low`, `mean` and `high`.  `n_points` lie in the stretch, of which
    `n_nonfinite` are NaN or infinite; `is_exact`: each column is one point.
    """

    x: Floats
    low: Floats
    mean: Floats
    high: Floats
    n_points: int
    n_nonfinite: int
    is_exact: bool

    def __len__(self) -> int:
        return len(self.x)


class Pyramid:
    """A curve that grows.  Points that arrive out of order are put in their place, equal x in order of arrival."""

    def __init__(self) -> None:
        self._x = Buffer()
        self._values = Buffer()
        self._levels: list[Level] = []

    def __len__(self) -> int:
        return len(self._x)

    @property
    def n_bytes(self) -> int:
        """Memory held."""
        return self._x.n_bytes + self._values.n_bytes + sum(level.n_bytes for level in self._levels)

    @property
    def span(self) -> tuple[float, float]:
        """The first and the last x; NaN for an empty curve."""
        x = self._x.array
        return (float(x[0]), float(x[-1])) if len(x) else (np.nan, np.nan)

    @property
    def points(self) -> tuple[Floats, Floats]:
        """x and values of all points, by x; views, not to be written."""
        return self._x.array, self._values.array

    def extend(self, x: Floats, values: Floats) -> None:
        """Add points; those whose x is not finite are left out."""
        good = np.isfinite(x)
        if not good.all():
            x, values = x[good], values[good]
        if not len(x):
            return
        last = float(self._x.array[-1]) if len(self._x) else -np.inf
        self._x.extend(x)
        self._values.extend(values)
        if x[0] < last or (np.diff(x) < 0).any():
            self._sort()
        self._grow()

    def window(self, first: float, last: float, n_columns: int) -> Window:
        """The points with first <= x <= last in at most `n_columns` columns of equal width, gaps left out.

        No more points than columns: each is a column of its own.
        """
        x = self._x.array
        a, b = int(np.searchsorted(x, first, "left")), int(np.searchsorted(x, last, "right"))
        n_columns = max(n_columns, 1)
        if b - a <= n_columns:
            values = np.where(np.isfinite(v := self._values.array[a:b]), v, np.nan)
            n_bad = int(np.isnan(values).sum())
            return Window(x[a:b].copy(), values, values, values, b - a, n_bad, True)
        return _columns(self._blocks(a, b, n_columns), b - a, n_columns)

    def _blocks(self, a: int, b: int, n_columns: int) -> "Blocks":
        """Points a:b as blocks, none of which reaches out of it."""
        depth = 0
        while depth < len(self._levels) and b - a >= FINER * n_columns * RATIO ** (depth + 1):
            depth += 1
        if depth == 0:
            return self._raw(a, b)
        size = RATIO**depth
        level = self._levels[depth - 1]
        start, stop = -(-a // size), min(b // size, len(level))
        if start >= stop:
            return self._raw(a, b)
        return _joined([self._raw(a, start * size), level.blocks(start, stop), self._raw(stop * size, b)])

    def _raw(self, a: int, b: int) -> "Blocks":
        values = self._values.array[a:b]
        good = np.isfinite(values)
        known = np.where(good, values, np.nan)
        return Blocks(self._x.array[a:b], known, known, known, good.astype(np.int64))

    def _sort(self) -> None:
        """Put all points in order; levels behind the first that moved are made anew."""
        order = np.argsort(self._x.array, kind="stable")
        moved = np.flatnonzero(order != np.arange(len(order)))
        first = int(moved[0]) if len(moved) else len(order)
        self._x.array[:] = self._x.array[order]
        self._values.array[:] = self._values.array[order]
        for depth, level in enumerate(self._levels, 1):
            level.cut(first // RATIO**depth)

    def _grow(self) -> None:
        """Make the blocks that are whole by now."""
        depth = 0
        while True:
            n_below = len(self._x) if depth == 0 else len(self._levels[depth - 1])
            if depth == len(self._levels):
                if n_below < RATIO:
                    return
                self._levels.append(Level())
            level = self._levels[depth]
            start, stop = len(level) * RATIO, n_below // RATIO * RATIO
            if stop > start:
                below = self._raw(start, stop) if depth == 0 else self._levels[depth - 1].blocks(start, stop)
                level.extend(below)
            depth += 1


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Blocks of points: arrays of one length, `counts` of finite values, the others NaN where there is none."""

    x: Floats
    low: Floats
    mean: Floats
    high: Floats
    counts: Ints


class Level:
    """Blocks of one size."""

    def __init__(self) -> None:
        self._x, self._low, self._mean, self._high = Buffer(), Buffer(), Buffer(), Buffer()
        self._counts = Buffer()

    def __len__(self) -> int:
        return len(self._x)

    @property
    def n_bytes(self) -> int:
        """Memory held."""
        return sum(one.n_bytes for one in (self._x, self._low, self._mean, self._high, self._counts))

    def blocks(self, start: int, stop: int) -> Blocks:
        """Blocks start:stop; views."""
        x, low, mean, high, counts = (
            one.array[start:stop] for one in (self._x, self._low, self._mean, self._high, self._counts)
        )
        return Blocks(x, low, mean, high, counts.astype(np.int64))

    def extend(self, below: Blocks) -> None:
        """Add the blocks that hold these; their number is a multiple of RATIO."""
        starts = np.arange(0, len(below.x), RATIO)
        merged = _merged(below, starts)
        self._x.extend(below.x.reshape(-1, RATIO).mean(axis=1))
        self._low.extend(merged.low)
        self._mean.extend(merged.mean)
        self._high.extend(merged.high)
        self._counts.extend(merged.counts.astype(np.float64))

    def cut(self, n_blocks: int) -> None:
        """Keep the first blocks."""
        for one in (self._x, self._low, self._mean, self._high, self._counts):
            one.cut(n_blocks)


class Buffer:
    """Floats that grow at their end."""

    def __init__(self) -> None:
        self._held = np.empty(0)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    @property
    def n_bytes(self) -> int:
        """Memory held."""
        return self._held.nbytes

    @property
    def array(self) -> Floats:
        """A view of what is there."""
        return self._held[: self._n]

    def extend(self, values: Floats) -> None:
        """Add values at the end."""
        n = self._n + len(values)
        if n > len(self._held):
            held = np.empty(max(n, self._n + self._n // 4))
            held[: self._n] = self.array
            self._held = held
        self._held[self._n : n] = values
        self._n = n

    def cut(self, n: int) -> None:
        """Keep the first values."""
        self._n = min(self._n, n)


def _joined(parts: list[Blocks]) -> Blocks:
    names = ("x", "low", "mean", "high")
    x, low, mean, high = (np.concatenate([getattr(part, name) for part in parts]) for name in names)
    return Blocks(x, low, mean, high, np.concatenate([part.counts for part in parts]))


def _columns(blocks: Blocks, n_points: int, n_columns: int) -> Window:
    """Blocks in order of x, gathered in columns of equal width."""
    first, last = float(blocks.x[0]), float(blocks.x[-1])
    half = last / 2 - first / 2
    share = (blocks.x / 2 - first / 2) / half if half > 0 else np.zeros(len(blocks.x))
    where = np.minimum((share * n_columns).astype(np.int64), n_columns - 1)
    starts = np.flatnonzero(np.r_[True, where[1:] != where[:-1]])
    merged = _merged(blocks, starts)
    n_bad = n_points - int(blocks.counts.sum())
    return Window(merged.x, merged.low, merged.mean, merged.high, n_points, n_bad, False)


def _merged(blocks: Blocks, starts: Ints) -> Blocks:
    """One block for each stretch from one start to the next; x is its middle, at both ends of all the outermost."""
    low = np.fmin.reduceat(blocks.low, starts)
    high = np.fmax.reduceat(blocks.high, starts)
    counts = np.add.reduceat(blocks.counts, starts)
    sizes = np.diff(np.r_[starts, len(blocks.x)])
    total = np.repeat(np.maximum(counts, 1), sizes)
    # Divided first: a sum of values near the largest double would overflow.
    parts = np.where(blocks.counts > 0, blocks.mean, 0.0) * (blocks.counts / total)
    mean = np.where(counts > 0, np.clip(np.add.reduceat(parts, starts), low, high), np.nan)
    x = np.add.reduceat(blocks.x / np.repeat(sizes, sizes), starts)
    x[0], x[-1] = blocks.x[0], (blocks.x[-1] if len(x) > 1 else x[0])
    return Blocks(x, low, mean, high, counts)
