"""The shape of a curve so far: a bounded, robust reduction that judges read."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from descentry.record.chunk import Floats, Ints
from descentry.signal.robust import median, point_noise


@dataclass(frozen=True, eq=False)
class Shape:
    """What is kept of one curve: blocks of consecutive finite points, in step order.

    All arrays have one length m, at most some thousands.  While the curve is short each block is one
    point.  `first_steps`, `last_steps`: int64, the steps that a block spans; `sizes`: int64, its finite
    points; `levels`: float64, its robust level (means of medians of 16); `low`, `high`: its extremes;
    `scatter`: float64, noise of a single point inside the block, from differences of neighbours (NaN
    where a block is one point).  `n_points` counts finite values, `n_nonfinite` the others.
    """

    first_steps: Ints
    last_steps: Ints
    sizes: Ints
    levels: Floats
    low: Floats
    high: Floats
    scatter: Floats
    n_points: int
    n_nonfinite: int
    first_step: int
    last_step: int
    first: float
    last: float
    smallest: float
    largest: float

    def __len__(self) -> int:
        return len(self.levels)

    @cached_property
    def steps(self) -> Floats:
        """float64[m]: the middle of each block."""
        return (self.first_steps + self.last_steps) / 2.0

    @property
    def is_raw(self) -> bool:
        """True while every block is a single point."""
        return bool(len(self) == self.n_points)

    @cached_property
    def noise(self) -> float:
        """Noise of a single point about its local trend, one robust figure for the whole curve."""
        if self.is_raw:
            return point_noise(self.levels)
        return median(self.scatter) if len(self) else 0.0

    def since(self, step: float) -> "Shape":
        """The blocks that start at or after `step`."""
        return self.part(int(np.searchsorted(self.first_steps, step)), len(self))

    def until(self, step: float) -> "Shape":
        """The blocks that end at or before `step`."""
        return self.part(0, int(np.searchsorted(self.last_steps, step, side="right")))

    def part(self, start: int, stop: int) -> "Shape":
        """Blocks start:stop.  The figures of the whole curve (`n_nonfinite`, `first`, …) follow the part."""
        pick = slice(start, stop)
        levels = self.levels[pick]
        some = len(levels) > 0
        return Shape(
            self.first_steps[pick],
            self.last_steps[pick],
            self.sizes[pick],
            levels,
            self.low[pick],
            self.high[pick],
            self.scatter[pick],
            int(self.sizes[pick].sum()),
            self.n_nonfinite,
            int(self.first_steps[pick][0]) if some else self.first_step,
            int(self.last_steps[pick][-1]) if some else self.last_step,
            float(levels[0]) if some else np.nan,
            float(levels[-1]) if some else np.nan,
            float(self.low[pick].min()) if some else np.nan,
            float(self.high[pick].max()) if some else np.nan,
        )

    def level_at(self, step: float) -> float:
        """The level at a step, interpolated between block middles; NaN for an empty shape."""
        if not len(self):
            return float("nan")
        return float(np.interp(step, self.steps, self.levels))
