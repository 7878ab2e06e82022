"""How fast rows come, and when their silence is longer than this run's own pace explains."""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from descentry.record.chunk import Floats

N_KEPT = 64
"""Distances between rows that are remembered: some hours of evaluations and checkpoints are among them."""


@dataclass
class Pace:
    """When rows came.  Times are seconds since the epoch: those of the log where it has them, else of their arrival.

    A silence is longer than `least_s`, than `usual_factor` times the median of the last distances and than
    `longest_factor` times the longest of them; before `n_least` distances nothing is called a silence.  Higher:
    told later, and evaluations that take longer than any before are not taken for a silence.
    """

    least_s: float = 60.0
    usual_factor: float = 30.0
    longest_factor: float = 3.0
    n_least: int = 8
    window_s: float = 30.0
    """Seconds over which the rate is taken.  Higher: steadier, and slower to follow."""

    last: float | None = None
    distances: deque[float] = field(default_factory=lambda: deque(maxlen=N_KEPT))
    _arrivals: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=1024))

    def arrive(self, n_rows: int, now: float) -> None:
        """So many rows have come since the last look, at the time `now`."""
        if self.last is not None and now > self.last:
            self.distances.append(now - self.last)
        self.last = now
        self._arrivals.append((now, n_rows))

    def read(self, wall_times: Floats | None, changed: float) -> None:
        """Rows that stood in the log before it was watched; `changed`: when its file was written last.

        `wall_times`: float64[n], NaN where unknown, or None.
        """
        known = np.empty(0) if wall_times is None else wall_times[~np.isnan(wall_times)]
        steps = np.diff(known[-N_KEPT - 1 :])
        self.distances.extend(steps[(steps > 0) & np.isfinite(steps)].tolist())
        self.last = float(known[-1]) if len(known) else changed

    def per_s(self, now: float) -> float:
        """Rows per second over the last `window_s`, or since the last arrivals where those are rarer; NaN: unknown."""
        while len(self._arrivals) > 2 and self._arrivals[1][0] < now - self.window_s:
            self._arrivals.popleft()
        if len(self._arrivals) < 2:
            return math.nan
        span = max(now, self._arrivals[-1][0]) - self._arrivals[0][0]
        n_rows = sum(n for _, n in self._arrivals) - self._arrivals[0][1]
        return n_rows / span if span > 0 else math.nan

    def usual_s(self) -> float:
        """The usual distance of two rows; NaN where too few are known."""
        return float(np.median(self.distances)) if len(self.distances) >= self.n_least else math.nan

    def silence_s(self, now: float) -> float | None:
        """For how long nothing has come, where that is a silence; None where it is not."""
        if self.last is None or len(self.distances) < self.n_least:
            return None
        wait = now - self.last
        limit = max(
            self.least_s, self.usual_factor * self.usual_s(), self.longest_factor * max(self.distances)
        )
        return wait if wait > limit else None
