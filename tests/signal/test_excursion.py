"""One stay of a curve above its level."""

import numpy as np
import pytest

from descentry.signal.excursion import Excursion, run_up


@pytest.mark.parametrize(
    ("values", "n"),
    [([1.0], 0), ([1.0, 2.0], 1), ([3.0, 1.0, 2.0, 4.0], 2), ([2.0, 2.0, 3.0], 1), ([2.0, 1.0], 0)],
)
def test_the_run_up_counts_rises_in_a_row(values: list[float], n: int) -> None:
    assert run_up(np.array(values)) == n


def risen(first: int, peak: int, run: int) -> Excursion:
    event = Excursion(first, 1.0, 0.1, 1.7, first, first, first, 1.1, 0.1, run)
    event.take(peak, 5.0, peak)
    return event


def test_a_rise_begins_where_its_run_up_does() -> None:
    assert not risen(first=10, peak=12, run=2).is_climb
    assert risen(first=10, peak=12, run=6).is_climb
    assert not risen(first=100, peak=112, run=6).is_climb
