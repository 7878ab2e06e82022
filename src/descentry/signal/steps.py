"""Abrupt lasting drops in a course."""

from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.profile import Profile
from descentry.signal.robust import row_medians, spread, windows

UNREST_WIDTHS = 3
"""Widths on each side of a border in which its own noise is looked for."""
UNREST = 2.0
"""Larger by this factor it is no chance: of some 36 bends a median deviation scatters by a quarter."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A drop between two stretches: the bin after it, the levels on both sides, its excess over the trend."""

    at: int
    before: float
    after: float
    excess: float
    score: float


def _side_medians(y: Floats, width: int) -> Floats:
    """Medians of `width` bins ending before each bin, float64[m + 1]; NaN where they do not fit."""
    medians = np.full(len(y) + 1, np.nan)
    medians[width:] = row_medians(windows(y, width))
    return medians


def drops(course: Profile, width: int, score: float) -> list[Drop]:
    """Drops that stand out of slope and noise, in order; at most one in any `width` bins.

    The drop across a border is the difference of the medians of `width` bins on each side.  Its excess is what
    the steeper of the two neighbouring slopes does not explain, so a convex descent has none.  It must be
    `score` times the noise of such a difference, and last: the bins after it stay down.
    """
    y = course.y
    m = len(y)
    if m < 4 * width:
        return []
    left = _side_medians(y, width)
    border = np.arange(2 * width, m - 2 * width + 1)
    before, after = left[border], left[border + width]
    earlier, later = left[border - width], left[border + 2 * width]
    fall = before - after
    excess = fall - np.maximum(np.maximum(earlier - before, after - later), 0.0)
    noise = _difference_noise(y, width)
    scores = excess / noise if noise > 0 else np.where(excess > 0, np.inf, 0.0)
    # A drop that only ends a hump is the end of a spike, not a stair.
    is_hump = before - earlier > 0.4 * fall
    lasts = before - later > 0.5 * fall
    good = (scores >= score) & ~is_hump & lasts & (excess > 0.4 * fall)
    found: list[Drop] = []
    for i in np.argsort(-excess, kind="stable"):
        if not good[i]:
            continue
        at = int(border[i])
        own = float(scores[i]) / _unrest(y, at, width)
        if own >= score and all(abs(at - other.at) >= width for other in found):
            found.append(Drop(at, float(before[i]), float(after[i]), float(excess[i]), own))
    return sorted(found, key=lambda drop: drop.at)


def _unrest(y: Floats, at: int, width: int) -> float:
    """Noise about a border in that of the whole course, where it is beyond doubt larger; 1.0 elsewhere.

    The noise of small batches grows or shrinks with the loss: what is quiet later on says nothing of a drop before.
    """
    bends = np.diff(y, 2)
    # Bends that the drop itself makes are few of so many, and a median leaves them out.
    beside = spread(bends[max(0, at - UNREST_WIDTHS * width) : at + UNREST_WIDTHS * width])
    ratio = beside / max(spread(bends), 1e-300)
    return ratio if ratio >= UNREST else 1.0


def _difference_noise(y: Floats, width: int) -> float:
    """Noise of the difference of two neighbouring medians of `width` bins, slow noise included."""
    point = spread(np.diff(y, 2)) / np.sqrt(6.0)
    medians = windows(y, width)[::width]
    levels = row_medians(medians)
    bends = np.diff(levels, 2)
    # The stairs themselves make the upper bends: the lower third, scaled for a Gaussian, may be purer.
    lower = float(np.quantile(np.abs(bends), 0.35)) / 0.4538
    slow = min(spread(bends), lower) / np.sqrt(6.0) if len(levels) >= 8 else 0.0
    return float(max(1.25 * point / np.sqrt(width), slow) * np.sqrt(2.0))
