"""Summary against a version that keeps every point: levels, extremes and counts, however the points come."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests import naive

from descentry.signal.shape import Shape
from descentry.signal.summary import LEAF, MAX_BLOCKS, MAX_RAW, Summary

STRANGE = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -3.5, 1e300])
VALUE = st.one_of(st.floats(-100, 100), st.floats(-100, 100), STRANGE)
ACTION = st.one_of(
    st.tuples(st.just("add"), st.lists(VALUE, min_size=1, max_size=6)),
    st.tuples(st.just("extend"), st.lists(VALUE, max_size=40)),
    st.tuples(st.just("bulk"), st.integers(1000, 12_000)),
    st.tuples(st.just("rewind"), st.floats(0, 1)),
    st.tuples(st.just("shape"), st.none()),
)


class Both:
    """A Summary and its slow double, led through the same actions."""

    def __init__(self) -> None:
        self.fast, self.slow, self.step = Summary(), naive.Summary(), 0

    def add(self, values: list[float]) -> None:
        for value in values:
            self.fast.add(self.step, value)
            self.slow.add(self.step, value)
            self.step += 1

    def extend(self, values: list[float] | np.ndarray) -> None:
        steps = np.arange(self.step, self.step + len(values), dtype=np.int64)
        self.fast.extend(steps, np.array(values, np.float64))
        for step, value in zip(steps.tolist(), np.array(values).tolist(), strict=True):
            self.slow.add(step, value)
        self.step += len(values)

    def bulk(self, n_points: int) -> None:
        random = np.random.default_rng(n_points)
        self.extend(random.standard_normal(n_points) + 100.0 / (1.0 + np.arange(n_points)))

    def rewind(self, share: float) -> None:
        """Back to a step, while all is still raw: inside a block nothing can be forgotten."""
        if len(self.slow.points) <= MAX_RAW and self.fast.shape().is_raw:
            self.step = int(share * self.step)
            self.fast.rewind(self.step)
            self.slow.rewind(self.step)

    def shape(self, _nothing: None) -> None:
        assert self.fast.shape() is self.fast.shape()

    def agree(self) -> None:
        shape = self.fast.shape()
        assert self.fast.n_points == len(self.slow.points)
        assert self.fast.n_nonfinite == shape.n_nonfinite == self.slow.n_nonfinite
        if len(self.slow.points) > MAX_RAW or shape.is_raw:
            same_blocks(shape, self.slow)
        if self.slow.smallest <= self.slow.largest:
            assert (shape.smallest, shape.largest) == (self.slow.smallest, self.slow.largest)


def same_blocks(shape: Shape, slow: naive.Summary) -> None:
    blocks = slow.blocks(LEAF, MAX_RAW, MAX_BLOCKS)
    assert shape.first_steps.tolist() == [block[0][0] for block in blocks]
    assert shape.last_steps.tolist() == [block[-1][0] for block in blocks]
    assert shape.sizes.tolist() == [len(block) for block in blocks]
    assert shape.low.tolist() == [min(value for _, value in block) for block in blocks]
    assert shape.high.tolist() == [max(value for _, value in block) for block in blocks]
    np.testing.assert_allclose(
        shape.levels, [naive.level(block, LEAF) for block in blocks], rtol=1e-9, atol=1e-9
    )


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(ACTION, max_size=12))
def test_it_agrees_with_the_slow_version(actions: list[tuple[str, object]]) -> None:
    both = Both()
    for name, argument in actions:
        getattr(both, name)(argument)
    both.agree()


@pytest.mark.parametrize("n_points", [0, 1, 15, MAX_RAW, MAX_RAW + 1, 16_384, 16_400, 50_001])
def test_blocks_cover_all_but_the_last_leaf(n_points: int) -> None:
    both = Both()
    both.extend(np.random.default_rng(1).standard_normal(n_points))
    both.agree()
    shape = both.fast.shape()
    assert len(shape) <= max(MAX_RAW, MAX_BLOCKS + 12)
    assert n_points - int(shape.sizes.sum()) < LEAF


@pytest.mark.parametrize("piece", [1, 3, 1000, 4097])
def test_pieces_of_any_length_give_one_reduction(piece: int) -> None:
    values = np.random.default_rng(2).standard_normal(40_000)
    steps = np.arange(len(values), dtype=np.int64)
    whole, parts = Summary(), Summary()
    whole.extend(steps, values)
    for start in range(0, len(values), piece):
        parts.extend(steps[start : start + piece], values[start : start + piece])
    for name in ("first_steps", "sizes", "levels", "low", "high", "scatter"):
        np.testing.assert_array_equal(getattr(whole.shape(), name), getattr(parts.shape(), name))


def test_a_rewind_of_blocks_forgets_those_that_start_later() -> None:
    summary = Summary()
    summary.extend(np.arange(50_000, dtype=np.int64), np.ones(50_000))
    summary.rewind(30_000)
    shape = summary.shape()
    assert int(shape.first_steps.max()) < 30_000
    assert summary.n_points == int(shape.sizes.sum())
    summary.extend(np.arange(30_000, 31_000, dtype=np.int64), np.zeros(1000))
    assert summary.shape().levels[-1] == 0.0


def test_an_empty_summary_has_an_empty_shape() -> None:
    shape = Summary().shape()
    assert (len(shape), shape.n_points, shape.noise) == (0, 0, 0.0)
    assert math.isnan(shape.level_at(3.0))


def test_nothing_but_nan_leaves_counts_alone() -> None:
    summary = Summary()
    summary.extend(np.arange(10, dtype=np.int64), np.full(10, np.nan))
    assert (summary.n_points, summary.n_nonfinite, summary.n_seen) == (0, 10, 10)
    assert (summary.first_nonfinite_step, summary.last_nonfinite_step) == (0, 9)


def test_the_noise_of_a_long_curve_is_that_of_its_points() -> None:
    values = 5.0 / (1.0 + np.arange(100_000) / 1000.0) + 0.3 * np.random.default_rng(0).standard_normal(
        100_000
    )
    summary = Summary()
    summary.extend(np.arange(100_000, dtype=np.int64), values)
    assert summary.shape().noise == pytest.approx(0.3, rel=0.15)
