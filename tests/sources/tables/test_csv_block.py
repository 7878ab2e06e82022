"""Blocks of CSV read at once: equal to cell by cell, or refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descentry.sources.numbers import floats, number
from descentry.sources.tables.csv_block import HOLE, HOLE_VALUE, parsed_block

CELLS = st.one_of(
    st.floats(allow_nan=False).map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        ["", "nan", "NaN", "-inf", "+1.5", ".5", "5.", "01", "1e5", " 2", "-0", "1_0", "x", "-", "1 2"]
    ),
)


@st.composite
def grids(draw: st.DrawFn) -> tuple[str, list[list[str]]]:
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6))
    return draw(st.sampled_from([",", ";", "\t", "|"])), rows


@settings(max_examples=500, deadline=None)
@given(grids(), st.sampled_from(["\n", "\r\n"]))
def test_a_block_is_its_cells_or_refused(made: tuple[str, list[list[str]]], end: str) -> None:
    mark, rows = made
    data = "".join(mark.join(row) + end for row in rows).encode()
    grid = parsed_block(data, mark, len(rows[0]))
    if grid is None:
        return
    expected = [[HOLE_VALUE if cell == "" else number(cell) for cell in row] for row in rows]
    assert np.array_equal(grid, np.array(expected, np.float64), equal_nan=True)


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (b"1,2.5\n2,-3e-7\n", [[1, 2.5], [2, -3e-7]]),
        (b"1,\n,nan\n", [[1, HOLE_VALUE], [HOLE_VALUE, math.nan]]),
        (b"1,inf\n2,.5\n", [[1, math.inf], [2, 0.5]]),
    ],
)
def test_regular_blocks_are_read_at_once(data: bytes, values: list[list[float]]) -> None:
    grid = parsed_block(data, ",", 2)
    assert grid is not None
    assert np.array_equal(grid, values, equal_nan=True)


@pytest.mark.parametrize(
    "data",
    [
        b"1,2\n3\n",
        b"1,2,3\n4\n",
        b"1,2\n\n3,4\n",
        b"1,x\n",
        b"1,2\r3,4\n",
        b'"1",2\n',
        b"1,null\n",
        b"1,[2]\n",
    ],
)
def test_odd_blocks_are_refused(data: bytes) -> None:
    assert parsed_block(data, ",", 2) is None


@pytest.mark.parametrize("spelling", [HOLE, HOLE.upper(), b"-75417e-307"])
def test_the_number_that_marks_a_hole_is_never_taken_for_one(spelling: bytes) -> None:
    assert float(spelling) == HOLE_VALUE
    assert parsed_block(b"1," + spelling + b"\n2,3\n", ",", 2) is None


def test_floats_are_what_numpy_makes_of_them() -> None:
    mixed = [1, 2.5, -(2**70), 2**53 + 1, float("inf"), -0.0]
    assert floats(mixed).tobytes() == np.array(mixed, np.float64).tobytes()
    assert np.isnan(floats([1.5, None])).tolist() == [False, True]
    assert len(floats([])) == 0
    with pytest.raises(OverflowError):
        floats([10**400])
