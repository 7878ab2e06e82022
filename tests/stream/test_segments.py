"""Segments: a step that goes back opens one, once for all series, in rows and in chunks alike."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from descentry.record.chunk import Chunk, Column, table
from descentry.stream.drive import run
from descentry.stream.segments import MAX_SEGMENTS, Segmenter
from descentry.testing import curves
from descentry.testing.transforms import singles

STEPS = st.lists(st.integers(0, 9), min_size=1, max_size=40)


def log(steps: list[int], **rows: list[int]) -> Chunk:
    """Steps with series that have a value in the rows that are named."""
    columns = {name: Column(np.array(at), np.ones(len(at))) for name, at in rows.items() if at}
    return Chunk(np.array(steps, np.int64), columns)


def opens(chunk: Chunk) -> list[int]:
    """The first steps of the segments after the first one."""
    return [int(piece.steps[0]) for piece, is_new in Segmenter().split(chunk) if is_new]


def opens_by_rows(chunk: Chunk) -> list[int]:
    segmenter = Segmenter()
    rows = [(piece.columns, int(piece.steps[0])) for piece in singles(chunk)]
    return [step for columns, step in rows if segmenter.take_row(columns, step)]


def test_a_resume_opens_a_segment() -> None:
    assert opens(log([1, 2, 3, 2, 3, 4], a=list(range(6)))) == [2]


def test_equal_steps_open_none() -> None:
    assert opens(log([1, 2, 2, 3], a=[0, 1, 2, 3])) == []


def test_a_second_series_that_goes_back_later_belongs_to_the_same_resume() -> None:
    assert opens(log([5, 6, 3, 4, 4], a=[0, 2, 3], b=[1, 4])) == [3]


def test_series_that_lag_behind_each_other_are_no_resume() -> None:
    assert opens(log([10, 5, 11, 6, 12, 7], a=[0, 2, 4], b=[1, 3, 5])) == []


def test_two_attempts_are_two_segments() -> None:
    assert opens(log([1, 2, 1, 2, 1, 2], a=list(range(6)))) == [1, 1]


def test_a_log_without_order_is_cut_a_bounded_number_of_times() -> None:
    steps = [i % 2 for i in range(4 * MAX_SEGMENTS)]
    chunk = log(steps, a=list(range(len(steps))))
    assert len(opens(chunk)) == len(opens_by_rows(chunk)) == MAX_SEGMENTS - 1


@given(STEPS, st.data())
def test_rows_and_chunks_open_the_same_segments(steps: list[int], data: st.DataObject) -> None:
    rows = st.lists(st.integers(0, len(steps) - 1), unique=True).map(sorted)
    chunk = log(steps, a=data.draw(rows), b=data.draw(rows))
    assert opens(chunk) == opens_by_rows(chunk)


def test_restarts_are_told_and_what_was_superseded_is_forgotten() -> None:
    outcome = run([curves.resumed(curves.healthy(1000, n_validations=0), at=600, back=200)])
    assert outcome.restarts == (402,)
    assert outcome.shapes[curves.TRAIN].n_points == 1000
    assert next(one for one in outcome.curves if one.name == curves.TRAIN).n_points == 1200


def test_one_resume_in_two_series_is_one_restart() -> None:
    assert run([curves.resumed(curves.healthy(1000), at=600, back=200)]).restarts == (402,)


def test_a_table_of_one_row_is_one_segment() -> None:
    assert opens(table(np.array([7]), {"a": np.ones(1)})) == []
