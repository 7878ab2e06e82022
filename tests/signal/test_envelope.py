"""The envelope: no extreme is ever lost, at any width; gaps and hostile numbers are left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from descentry.signal.envelope import buckets, envelope

VALUES = nps.arrays(np.float64, st.integers(0, 200), elements=st.floats(width=64))


@given(VALUES, st.integers(1, 50), st.randoms())
def test_no_extreme_is_lost_in_any_bucket(values: np.ndarray, n: int, random: object) -> None:
    x = np.arange(len(values), dtype=float)
    random.shuffle(x)  # type: ignore[attr-defined]
    found = envelope(x, values, n)
    good = np.isfinite(values)
    assert len(found) <= n
    assert found.counts.sum() == good.sum()
    if not good.any():
        assert len(found) == 0
        return
    where = buckets(x[good], n)
    for i, bucket in enumerate(np.unique(where)):
        inside = values[good][where == bucket]
        assert (found.low[i], found.high[i]) == (inside.min(), inside.max())
        assert found.low[i] <= found.mean[i] <= found.high[i]
    assert (np.diff(found.x) >= 0).all()


@pytest.mark.parametrize("n", [1, 7, 300, 5000])
@pytest.mark.parametrize("at", [0, 1, 123_456, 999_999])
def test_one_spike_among_a_million_is_kept(n: int, at: int) -> None:
    values = np.full(1_000_000, 2.0)
    values[at] = 9.0
    found = envelope(np.arange(1e6), values, n)
    assert found.high.max() == 9.0
    assert len(found) <= n


def test_blocks_bring_their_own_extremes() -> None:
    x, level = np.arange(10.0), np.full(10, 2.0)
    found = envelope(x, level, 2, level - 1, level + np.arange(10))
    assert found.low.tolist() == [1, 1]
    assert found.high.tolist() == [6, 11]


def test_means_are_those_of_the_bucket() -> None:
    found = envelope(np.arange(6.0), np.array([1.0, 2, 3, 10, 20, np.nan]), 2)
    np.testing.assert_allclose(found.mean, [1.5, 11.0])
