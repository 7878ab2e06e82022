"""log_overlap: steps written twice with other values; copies and new attempts are none."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, leading

from descentry.record.chunk import Chunk
from descentry.testing import curves
from descentry.testing.curves import RATE, TRAIN, VAL, healthy
from descentry.testing.verdicts import said


@pytest.mark.parametrize(("n_points", "at", "back"), [(40, 30, 10), (1000, 600, 200), (30_000, 20_000, 5000)])
def test_steps_written_twice_are_told(n_points: int, at: int, back: int) -> None:
    chunk = curves.without(curves.resumed(healthy(n_points, seed=1), at=at, back=back), VAL)
    (found,) = said(ALL, [chunk])
    assert found.pattern == "log_overlap"
    assert found.onset_step == at + 2 - back
    # Of a long curve the last points, which fill no block yet, are not seen.
    assert at + 1 - 16 < (found.end_step or 0) <= at + 1
    assert found.steps == (at + 2 - back,)
    assert found.severity == "info"


def test_it_is_detected_at_the_first_step_that_differs() -> None:
    chunk = curves.resumed(healthy(1000, seed=1, n_validations=0), at=600, back=200)
    assert leading(chunk)["log_overlap"].detected_at_step == 402


def test_a_copy_is_no_overlap() -> None:
    assert leading(curves.resumed(healthy(1000, seed=1), at=600, back=200, sigma=0.0)) == {}


def test_another_attempt_is_no_overlap() -> None:
    assert leading(curves.resumed(healthy(1000, seed=1), at=300, back=300)) == {}


def test_two_resumes_are_told_together() -> None:
    chunk = curves.resumed(healthy(1000, seed=1, n_validations=0), at=400, back=100)
    chunk = curves.resumed(chunk, at=900, back=100, seed=5)
    assert leading(chunk)["log_overlap"].facts["n_overlaps"] == 2.0


def test_a_resume_without_overlap_is_silent() -> None:
    chunk = healthy(1000, seed=1)
    steps = chunk.steps + np.where(np.arange(1000) > 500, 50, 0)
    assert leading(Chunk(steps, chunk.columns)) == {}


def test_learning_rates_written_twice_are_nobodys_business() -> None:
    chunk = curves.without(curves.resumed(healthy(1000, seed=1), at=600, back=200), TRAIN, VAL)
    assert RATE in chunk.columns
    assert leading(chunk) == {}
