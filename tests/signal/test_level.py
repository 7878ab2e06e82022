"""BlockLevel: the same by any way of closing blocks, and a noise that knows slow noise."""

import numpy as np
import pytest

from descentry.signal.level import BlockLevel, residuals
from descentry.testing.noise import autoregressive, white


def closed(values: np.ndarray, at_once: bool) -> BlockLevel:
    """The level after whole blocks of these values, closed one by one or all that go together."""
    base, done = BlockLevel(), 0
    while base.n_whole(len(values) - done):
        n = base.n_whole(len(values) - done) if at_once else 1
        until = done + n * base.size
        rows = values[done:until].reshape(n, base.size)
        base.close(rows, base.ahead(rows))
        done = until
    return base


@pytest.mark.parametrize("n_points", [5, 40, 130, 700, 5000])
def test_blocks_one_by_one_are_as_all_at_once(n_points: int) -> None:
    values = 3.0 + autoregressive(np.random.default_rng(1), n_points)
    one, many = closed(values, at_once=False), closed(values, at_once=True)
    assert (one.level, one.noise, one.n_points, one.lowest) == (
        many.level,
        many.noise,
        many.n_points,
        many.lowest,
    )
    assert (list(one.levels), list(one.bends)) == (list(many.levels), list(many.bends))


def test_white_noise_is_measured_at_its_scale() -> None:
    noises = [closed(0.5 * white(np.random.default_rng(seed), 5000), True).noise for seed in range(20)]
    assert np.median(noises) == pytest.approx(0.5, rel=0.15)


def test_slow_noise_counts_in_full_though_neighbours_hardly_differ() -> None:
    sluggish = [autoregressive(np.random.default_rng(seed), 20_000, share=0.99) for seed in range(10)]
    fast = float(np.median([np.diff(values, 2).std() / np.sqrt(6.0) for values in sluggish]))
    noise = float(np.median([closed(values, True).noise for values in sluggish]))
    assert fast < 0.1
    assert 0.8 < noise < 3.0


def test_a_stray_does_not_bend_the_line_of_its_block() -> None:
    rows = np.array([[1.0, 0.9, 0.8, 50.0, 0.6]])
    left = residuals(rows, limit=1.5)
    assert np.abs(left[0, [0, 1, 2, 4]]).max() < 0.5
    assert left[0, 3] > 48.0
