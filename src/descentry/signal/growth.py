"""Growth that has set in: the bend from a settled course to a steep one, and whether it goes on."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.robust import median, spread
from descentry.signal.trend import shared

N_BEFORE, N_SINCE = 8, 8
"""Values that show a course before the bend, and a growth after it."""
N_WINDOW = 24
"""The least window in which a bend is looked for; of a longer course all but its first tenth."""
SETTLED = 0.4
"""The most that a course may rise before the bend, as a share of its rate after it: what levels off rises faster."""
STEADY = 0.7
"""The least that the last third of a growth must bring, as a share of the third before it: less is growth that ends."""
EVEN = 0.25
"""The least that the middle third must bring, as a share of both: less is a burst of the last few values."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A course that has been rising along a straight line, or a steeper one, since the value numbered `onset`.

    `before`: the level at the onset; `now`: that at the end, both of the fitted line; `rate`: rise from value to
    value; `score`: by how many standard errors the slope has changed, what neighbours share included.
    """

    onset: int
    before: float
    now: float
    rate: float
    score: float

    @property
    def rise(self) -> float:
        return self.now - self.before

    def ahead(self, n_values: float) -> float:
        """The rise over the level at the onset that so many more values bring at this rate."""
        return self.rise + self.rate * n_values


def growth(y: Floats) -> Growth | None:
    """The growth that float64[n] ends in, None where it ends in none: least squares of a line with one bend.

    The bend is looked for after the first tenth.  Before it the course was settled (`SETTLED`), after it the growth
    is even (`STEADY`, `EVEN`) on medians of thirds, so that neither a leap nor a rise to a new level counts.
    """
    width = max(N_WINDOW, 9 * len(y) // 10)
    if len(y) < width:
        return None
    window = y[-width:]
    bends, line, _ = _bends(width)
    rest = window - line @ (line.T @ window)
    change = bends.T @ rest
    at = int(np.argmax(change))
    if change[at] <= 0:
        return None
    return _measured(window, len(y) - width, at, float(change[at]))


def _measured(window: Floats, start: int, at: int, change: float) -> Growth | None:
    """The growth from the bend numbered `at` on, if it is one."""
    width = len(window)
    bends, line, norms = _bends(width)
    fit = line @ (line.T @ window) + bends[:, at] * change
    bend, steeper = N_BEFORE + at, change / norms[at]
    before = float(fit[bend] - fit[0]) / bend
    rate = before + steeper
    since = window[bend:]
    low, middle, high = (median(part) for part in np.array_split(since, 3))
    if rate <= 0 or before > SETTLED * rate or not _is_steady(low, middle, high):
        return None
    rest = window - fit
    error = max(spread(rest) * shared(rest), 1e-12)
    return Growth(start + bend, float(fit[bend]), float(fit[-1]), rate, change / error)


def was_settled(y: Floats, onset: int) -> bool:
    """Whether float64[n] rose slowly before the value numbered `onset`, against its rate since then."""
    quarter = onset // 4
    if quarter < 1 or len(y) - onset < 2:
        return False
    level = median(y[onset - quarter : onset])
    late, early = median(y[onset - 2 * quarter : onset - quarter]), median(y[:quarter])
    before = max((level - late) / quarter, (level - early) / (onset - quarter))
    return before <= SETTLED * (median(y[-2:]) - level) / (len(y) - onset)


def _is_steady(low: float, middle: float, high: float) -> bool:
    """Whether the medians of thirds rise evenly or ever faster, and not at the very end alone."""
    return high - middle >= STEADY * (middle - low) and middle - low >= EVEN * (high - low)


@lru_cache(maxsize=128)
def _bends(n: int) -> tuple[Floats, Floats, Floats]:
    """Bends at every place, freed of straight lines, as unit columns float64[n, k]; a basis of straight lines
    float64[n, 2]; the lengths of the bends float64[k]."""
    t = np.arange(n, dtype=np.float64)
    line, _ = np.linalg.qr(np.stack([np.ones(n), t], axis=1))
    places = np.arange(N_BEFORE, n - N_SINCE + 1, dtype=np.float64)
    bends = np.maximum(t[:, None] - places[None, :], 0.0)
    bends -= line @ (line.T @ bends)
    norms = np.sqrt((bends * bends).sum(axis=0))
    return bends / norms, line, norms
