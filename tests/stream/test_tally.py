"""Tally: the scalar form and any cutting of the vector form give the same figures."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from descentry.record.roles import Role
from descentry.stream.tally import Tally

VALUES = st.lists(st.one_of(st.floats(-9, 9), st.sampled_from([math.nan, math.inf, -math.inf])), min_size=1)


def figures(tally: Tally) -> str:
    return repr(tally.summary("loss", Role.TRAIN_LOSS))


@given(VALUES, st.integers(0, 20))
def test_points_and_chunks_are_counted_alike(values: list[float], cut: int) -> None:
    steps, array = np.arange(len(values)), np.array(values)
    one, parts = Tally(), Tally()
    for step, value in enumerate(values):
        one.add(step, value)
    for piece in (slice(0, cut), slice(cut, None)):
        if len(array[piece]):
            parts.extend(steps[piece], array[piece])
    assert figures(one) == figures(parts)


@given(VALUES)
def test_figures_are_over_finite_values(values: list[float]) -> None:
    tally = Tally()
    tally.extend(np.arange(len(values)), np.array(values))
    finite = [value for value in values if math.isfinite(value)]
    assert (tally.n_points, tally.n_nonfinite) == (len(values), len(values) - len(finite))
    assert finite == [] or (tally.first, tally.last, tally.min) == (finite[0], finite[-1], min(finite))
