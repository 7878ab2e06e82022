"""A clock that stands still marks a resume; evaluations that come again and again do not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from descentry.stream.gaps import Gaps


def marks(walls: np.ndarray, cuts: list[int] | None = None) -> list[int | None]:
    gaps, steps, found = Gaps(), np.arange(len(walls)), []
    edges = [0, *sorted(cuts or []), len(walls)]
    for i in range(len(edges) - 1):
        piece = slice(edges[i], edges[i + 1])
        found += [event.step for event in gaps.take(steps[piece], walls[piece])]
    return found


def clock(waits: list[float]) -> np.ndarray:
    return 1.7e9 + np.cumsum(np.array(waits))


def test_an_hour_of_silence_is_a_resume() -> None:
    assert marks(clock([1.0] * 50 + [3600.0] + [1.0] * 50)) == [50]


def test_regular_evaluations_are_no_resume() -> None:
    waits = ([1.0] * 20 + [400.0]) * 6
    assert marks(clock(waits))[1:] == []


def test_rows_without_a_time_are_passed_over() -> None:
    walls = clock([1.0] * 50 + [3600.0] + [1.0] * 50)
    walls[::3] = np.nan
    assert len(marks(walls)) == 1
    assert marks(np.full(10, np.nan)) == []


@given(st.lists(st.integers(0, 101), max_size=8))
def test_any_chunking_finds_the_same(cuts: list[int]) -> None:
    walls = clock([1.0] * 30 + [3600.0] + [2.0] * 40 + [90000.0] + [1.0] * 29)
    assert marks(walls, cuts) == marks(walls)
