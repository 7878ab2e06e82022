"""Histograms: buckets of both kinds, quantiles by an obvious second way."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.made_logs import sized, varint

from descentry.formats.tfhistograms import (
    NoHistogram,
    histogram_of_message,
    histogram_of_tensor,
    quantiles,
)


def message(low: float, high: float, edges: list[float], counts: list[float]) -> bytes:
    doubles = [struct.pack(f"<{len(x)}d", *x) for x in (edges, counts)]
    head = b"\x09" + struct.pack("<d", low) + b"\x11" + struct.pack("<d", high)
    return head + sized(6, doubles[0]) + sized(7, doubles[1])


def table(rows: list[tuple[float, float, float]], *shape: int) -> bytes:
    dimensions = b"".join(sized(2, b"\x08" + varint(size)) for size in shape or (len(rows), 3))
    flat = [number for row in rows for number in row]
    return b"\x08\x02" + sized(2, dimensions) + sized(4, struct.pack(f"<{len(flat)}d", *flat))


def test_the_outer_buckets_end_at_min_and_max() -> None:
    data = message(-1.5, 2.5, [-1.0, 0.0, 1.0, 1e300], [2, 0, 3, 1])
    buckets = histogram_of_message(data, 0, len(data))
    assert buckets is not None
    assert buckets.tolist() == [[-1.5, -1.0, 2], [0.0, 1.0, 3], [1.0, 2.5, 1]]


def test_a_table_of_a_tensor() -> None:
    data = table([(0.0, 1.0, 2.0), (1.0, 2.0, 0.0)])
    buckets = histogram_of_tensor(data, 0, len(data))
    assert buckets is not None
    assert buckets.tolist() == [[0.0, 1.0, 2.0]]


def test_empty_histograms_are_none() -> None:
    assert histogram_of_message(b"", 0, 0) is None
    data = table([(0.0, 0.0, 0.0)])
    assert histogram_of_tensor(data, 0, len(data)) is None


@pytest.mark.parametrize(
    "data",
    [
        message(0, 1, [0.5, 1.0], [1]),
        message(0, 1, [1.0], [-1]),
        message(0, 1, [1.0], [math.nan]),
        message(0, 1, [1.0], [math.inf]),
    ],
)
def test_what_cannot_be_a_histogram_is_refused(data: bytes) -> None:
    with pytest.raises(NoHistogram):
        histogram_of_message(data, 0, len(data))


def test_a_limit_that_is_no_number_is_left_out() -> None:
    data = sized(1, b"") + sized(2, b"") + message(0, 1, [1.0], [2])[18:]
    buckets = histogram_of_message(data, 0, len(data))
    assert buckets is not None
    assert buckets.tolist() == [[0.0, 0.0, 2.0]]


@pytest.mark.parametrize("shape", [(1, 4), (3,), (2, 3), (1, 3, 1)])
def test_a_table_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    data = table([(0.0, 1.0, 2.0)], *shape)
    with pytest.raises(NoHistogram):
        histogram_of_tensor(data, 0, len(data))


def test_equal_values_have_equal_quantiles() -> None:
    assert quantiles(np.array([[0.1, 0.1, 7.0]]), np.array([0.0, 0.3, 1.0])).tolist() == [0.1, 0.1, 0.1]


@given(
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=8),
    gaps=st.lists(st.integers(0, 3), min_size=8, max_size=8),
)
def test_quantiles_are_those_of_values_spread_evenly(counts: list[int], gaps: list[int]) -> None:
    lefts = np.cumsum([1.0, *np.array(gaps[1 : len(counts)]) + 1.0])
    buckets = np.stack((lefts, lefts + 1, np.array(counts, float)), axis=1)
    fine = np.concatenate(
        [left + (np.arange(n * 1000) + 0.5) / (n * 1000) for left, n in zip(lefts, counts, strict=True)]
    )
    for fraction in (0.013, 0.251, 0.4999, 0.777, 0.9871):
        found = quantiles(buckets, np.array([fraction]))[0]
        assert (fine <= found).mean() == pytest.approx(fraction, abs=2e-3)
    assert quantiles(buckets, np.array([0.0, 1.0])).tolist() == [lefts[0], lefts[-1] + 1]


def test_infinite_edges_make_no_noise() -> None:
    buckets = np.array([[-math.inf, 0.0, 1.0], [0.0, math.inf, 1.0]])
    found = quantiles(buckets, np.array([0.0, 0.5, 1.0]))
    assert found.tolist() == [-math.inf, 0.0, math.inf]
