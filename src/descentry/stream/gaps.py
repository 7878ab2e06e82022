"""Long silences of the clock between two rows: a run that was stopped and taken up again."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from descentry.record.chunk import Floats, Ints
from descentry.record.event import Event

LEAST_S = 300.0
"""Shorter silences are evaluations and checkpoints."""
USUAL_FACTOR = 30.0
"""A silence is this many times the usual distance of two rows."""
LONGEST_FACTOR = 3.0
"""And this many times the longest of the last distances: evaluations are long, too, but come again and again."""


@dataclass
class Gaps:
    """The last distances between rows, in seconds, and the time of the newest row."""

    last: float = float("nan")
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=64))

    def take(self, steps: Ints, walls: Floats) -> Iterator[Event]:
        """One event per long silence in these rows; rows without a time (NaN) are passed over."""
        known = np.flatnonzero(~np.isnan(walls))
        if not len(known):
            return
        times = walls[known]
        waits = np.diff(np.concatenate([[self.last], times]))
        done = 0
        for i in np.flatnonzero(waits > LEAST_S).tolist():
            self.recent.extend(waits[max(done, i - 64) : i][~np.isnan(waits[max(done, i - 64) : i])].tolist())
            wait, done = float(waits[i]), i
            if self._is_silence(wait):
                yield Event(
                    "resume",
                    f"the clock stood still for {wait / 3600:.1f} h before this step",
                    step=int(steps[known[i]]),
                    warning=False,
                )
        rest = waits[max(done, len(waits) - 64) :]
        self.recent.extend(rest[~np.isnan(rest)].tolist())
        self.last = float(times[-1])

    def _is_silence(self, wait: float) -> bool:
        if len(self.recent) < 8:
            return False
        usual = sorted(self.recent)
        return wait > max(USUAL_FACTOR * usual[len(usual) // 2], LONGEST_FACTOR * usual[-1])
