"""Histograms of event files as buckets, and their quantiles.

A HistogramProto (torch, tensorboardX, TF1) has 1 min, 2 max, 3 num, 4 sum, 5 sum_squares, 6 the right edges
of its buckets and 7 their counts; a tensor of the plugin "histograms" (TF2) has rows of (left, right, count).
"""

import numpy as np

from descentry.formats.proto import BYTES, FEW_FIELDS, FIXED64, BadMessage, spans
from descentry.formats.tftensors import decoded, tensor_numbers
from descentry.record.chunk import Floats

MIN, MAX, EDGES, COUNTS = 1, 2, 6, 7
PERCENTS = (0, 5, 25, 50, 75, 95, 100)
"""The quantiles that a histogram is read as."""
FRACTIONS = np.array(PERCENTS) / 100


class NoHistogram(ValueError):
    """The message is well, but its numbers are no histogram; the text says why."""


def histogram_of_message(data: bytes, at: int, end: int) -> Floats | None:
    """The buckets that hold something in the HistogramProto in `data[at:end]`: float64[n, 3] (left, right,
    count), the outer ones cut to min and max.  None when all are empty.  Raises NoHistogram, BadMessage."""
    found: dict[int, list[Floats]] = {MIN: [], MAX: [], EDGES: [], COUNTS: []}
    n_other = 0
    for number, kind, start, stop in spans(data, at, end):
        n_other += number not in (EDGES, COUNTS)
        if n_other > FEW_FIELDS:
            raise BadMessage(f"it has more than {FEW_FIELDS} fields")
        if number in found and (kind == FIXED64 or (kind == BYTES and number in (EDGES, COUNTS))):
            if (stop - start) % 8:
                raise BadMessage(f"{stop - start} bytes are no whole number of values")
            found[number].append(decoded(data[start:stop], "<f8"))
    edges, counts = _whole(found[EDGES]), _whole(found[COUNTS])
    if len(edges) != len(counts):
        raise NoHistogram(f"it has {len(edges)} edges for {len(counts)} counts")
    low, high = (float(found[number][-1][-1]) if found[number] else 0.0 for number in (MIN, MAX))
    lefts = np.empty(len(edges))
    lefts[:1], lefts[1:] = low, edges[:-1]
    return _filled(np.maximum(lefts, low), np.minimum(edges, high), counts)


def _whole(parts: list[Floats]) -> Floats:
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0), *parts])


def histogram_of_tensor(data: bytes, at: int, end: int) -> Floats | None:
    """The buckets that hold something in the TensorProto in `data[at:end]`: float64[n, 3] (left, right, count).
    None when all are empty.  Raises NoHistogram, BadMessage."""
    numbers, shape = tensor_numbers(data, at, end)
    if len(shape) != 2 or shape[1] != 3 or len(numbers) != shape[0] * 3:
        raise NoHistogram(f"a tensor of shape {shape[:8]} has no three columns")
    lefts, rights, counts = numbers.reshape(-1, 3).T
    return _filled(lefts, rights, counts)


def _filled(lefts: Floats, rights: Floats, counts: Floats) -> Floats | None:
    if not (counts >= 0).all() or not (counts < np.inf).all():
        raise NoHistogram("a count is negative or not finite")
    filled = counts > 0
    if not filled.any():
        return None
    buckets: Floats = np.array((lefts, rights, counts)).T[filled]
    return buckets


def quantiles(buckets: Floats, fractions: Floats) -> Floats:
    """The values below which each fraction of the counts lies, values taken as even inside a bucket: float64[k].

    `buckets`: float64[n, 3] (left, right, count above 0), n > 0, in rising order.  0 gives the left edge of the
    first, 1 the right edge of the last; NaN edges give NaN.

    >>> quantiles(np.array([[0.0, 1.0, 3.0], [4.0, 6.0, 1.0]]), np.array([0.0, 0.5, 0.75, 1.0]))
    array([0.        , 0.66666667, 1.        , 6.        ])
    """
    lefts, rights, counts = buckets.T
    ends = counts.cumsum()
    wanted = fractions * ends[-1]
    at = np.minimum(ends.searchsorted(wanted), len(ends) - 1)
    low, high = lefts[at], rights[at]
    share = np.maximum(1.0 - (ends[at] - wanted) / counts[at], 0.0)
    with np.errstate(invalid="ignore"):
        between: Floats = np.minimum(np.maximum(low * (1 - share) + high * share, low), high)
    between[share == 0.0] = low[share == 0.0]
    between[share == 1.0] = high[share == 1.0]
    return between
