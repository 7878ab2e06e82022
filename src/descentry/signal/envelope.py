"""A curve cut down to the width of a picture, with every extreme kept."""

from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """A curve by buckets of x that hold a finite value, in order of x; all arrays have one length m.

    `x`: float64, the mean x of the bucket's points, at the ends the first and the last; `low`, `mean`, `high`:
    float64, of its finite values; `counts`: int64, how many those are.
    """

    x: Floats
    low: Floats
    mean: Floats
    high: Floats
    counts: Ints

    def __len__(self) -> int:
        return len(self.x)


def envelope(
    x: Floats, values: Floats, n_buckets: int, low: Floats | None = None, high: Floats | None = None
) -> Envelope:
    """At most `n_buckets` buckets of equal width in x; no extreme is ever lost.

    `x`, `values`: float64[n], in any order; `low` and `high`, where each point stands for many, are their extremes.
    Points whose x or values are not finite are left out; nothing finite makes an empty envelope.
    """
    low, high = values if low is None else low, values if high is None else high
    good = np.isfinite(x) & np.isfinite(values) & np.isfinite(low) & np.isfinite(high)
    x, values, low, high = x[good], values[good], low[good], high[good]
    if not len(x):
        return Envelope(*(np.empty(0),) * 4, np.empty(0, np.int64))
    where = buckets(x, n_buckets)
    order = np.argsort(where, kind="stable")
    ordered = where[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    counts = np.diff(np.r_[starts, len(x)])
    each = np.repeat(counts, counts)
    lowest, highest = (fold.reduceat(a[order], starts) for fold, a in ((np.minimum, low), (np.maximum, high)))
    # Divided first: a sum of values near the largest double would overflow, and may still by rounding.
    with np.errstate(over="ignore"):
        mean = np.clip(np.add.reduceat(values[order] / each, starts), lowest, highest)
    middle = np.add.reduceat(x[order] / each, starts)
    if len(middle) > 1:
        middle[0], middle[-1] = x.min(), x.max()
    return Envelope(middle, lowest, mean, highest, counts.astype(np.int64))


def buckets(x: Floats, n_buckets: int) -> Ints:
    """The bucket of each of float64[n], finite, n > 0: 0 to `n_buckets` - 1, equally wide between its ends."""
    first, last = float(x.min()), float(x.max())
    half = last / 2 - first / 2
    if not half > 0:
        return np.zeros(len(x), np.int64)
    share = (x / 2 - first / 2) / half
    return np.clip((share * n_buckets).astype(np.int64), 0, max(n_buckets, 1) - 1)
