"""Histograms of one layout side by side: where their numbers stand in a record, and the quantiles of many at once.

What is said of a row is what `tfhistograms` says of its bytes alone, to the last bit.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from descentry.formats.proto import BYTES, FIXED64, spans
from descentry.formats.tfhistograms import COUNTS, EDGES, MAX, MIN
from descentry.formats.tftensors import table_at
from descentry.record.chunk import Floats, Ints

DOUBLE = "<f8"


class BucketsAt(NamedTuple):
    """Where `n` buckets stand in a payload: `edges` and `counts`, the first of each; -1 for what is missing.

    `counts` is -1 where `edges` is a table of (left, right, count).  `free`: numbers that say nothing of it.
    """

    n: int
    low: int
    high: int
    edges: int
    counts: int
    free: tuple[int, ...] = ()

    def bytes_of_numbers(self) -> list[tuple[int, int]]:
        """Start and length of what may differ between histograms of one layout."""
        singles = [(at, 8) for at in (self.low, self.high, *self.free) if at >= 0]
        if self.counts < 0:
            return [*singles, (self.edges, 24 * self.n)]
        return [*singles, (self.edges, 8 * self.n), (self.counts, 8 * self.n)]


def buckets_of_message(data: bytes, at: int, end: int) -> BucketsAt | None:
    """Where the numbers of the HistogramProto in `data[at:end]` stand; None where they are not two packed lists."""
    found: dict[int, list[tuple[int, int]]] = {MIN: [], MAX: [], EDGES: [], COUNTS: []}
    free: list[int] = []
    for number, kind, start, stop in spans(data, at, end):
        is_list = number in (EDGES, COUNTS)
        if kind == FIXED64 and not is_list:
            free.append(start)
        if number in found and (kind == BYTES if is_list else kind == FIXED64):
            found[number].append((start, stop))
        elif is_list:
            return None
    edges, counts = found[EDGES], found[COUNTS]
    if len(edges) != 1 or len(counts) != 1 or edges[0][0] == edges[0][1]:
        return None
    low, high = (found[number][-1][0] if found[number] else -1 for number in (MIN, MAX))
    return BucketsAt((edges[0][1] - edges[0][0]) // 8, low, high, edges[0][0], counts[0][0], tuple(free))


def buckets_of_tensor(data: bytes, at: int, end: int) -> BucketsAt | None:
    """Where the numbers of the table in the TensorProto in `data[at:end]` stand; None where they are no doubles."""
    start, n = table_at(data, at, end, DOUBLE)
    return BucketsAt(n // 3, -1, -1, start, -1) if n else None


class Buckets(NamedTuple):
    """Histograms as rows: float64[n, k] each, empty buckets among them."""

    lefts: Floats
    rights: Floats
    counts: Floats

    def are_well(self) -> NDArray[np.bool_]:
        """Which rows are histograms that hold something: bool[n]."""
        with np.errstate(over="ignore", invalid="ignore"):
            totals = self.counts.cumsum(axis=1)[:, -1]
            well: NDArray[np.bool_] = (self.counts >= 0).all(axis=1) & (totals > 0) & (totals < np.inf)
        return well

    def quantiles(self, fractions: Floats) -> Floats:
        """The quantiles of rows that are well, as `tfhistograms.quantiles` has them: float64[n, k]."""
        ends = self.counts.cumsum(axis=1)
        first = (ends <= 0).sum(axis=1)
        rows: Ints = np.arange(len(ends))
        found = np.empty((len(ends), len(fractions)))
        for column, fraction in enumerate(fractions.tolist()):
            wanted = fraction * ends[:, -1]
            at = np.maximum((ends < wanted[:, None]).sum(axis=1), first)
            low, high = self.lefts[rows, at], self.rights[rows, at]
            share = np.maximum(1.0 - (ends[rows, at] - wanted) / self.counts[rows, at], 0.0)
            with np.errstate(invalid="ignore", over="ignore"):
                between = np.minimum(np.maximum(low * (1 - share) + high * share, low), high)
            found[:, column] = np.where(share == 0.0, low, np.where(share == 1.0, high, between))
        return found


def buckets_of_rows(rows: NDArray[np.uint8], place: BucketsAt) -> Buckets:
    """The buckets of payloads that have one layout: uint8[n, size]."""
    if place.counts < 0:
        table = _doubles(rows, place.edges, 3 * place.n).reshape(len(rows), place.n, 3)
        return Buckets(table[..., 0], table[..., 1], table[..., 2])
    edges, counts = (_doubles(rows, at, place.n) for at in (place.edges, place.counts))
    low, high = (_single(rows, at) for at in (place.low, place.high))
    lefts = np.concatenate((low, edges[:, :-1]), axis=1)
    return Buckets(np.maximum(lefts, low), np.minimum(edges, high), counts)


def _doubles(rows: NDArray[np.uint8], at: int, n: int) -> Floats:
    return np.ascontiguousarray(rows[:, at : at + 8 * n]).view(DOUBLE)


def _single(rows: NDArray[np.uint8], at: int) -> Floats:
    return _doubles(rows, at, 1) if at >= 0 else np.zeros((len(rows), 1))
