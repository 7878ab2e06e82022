"""bad_init: a start above that of a model that knows nothing."""

import math

import pytest
from tests.patterns.saying import ALL, leading

from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.testing import curves
from descentry.testing.curves import TRAIN, healthy
from descentry.testing.curves_events import started_high
from descentry.testing.transforms import pieces, strided
from descentry.testing.verdicts import said

VOCABULARY = 50257
UNIFORM = math.log(VOCABULARY)


def high(excess: float, n_points: int = 1000, vocab_size: int | None = VOCABULARY) -> Chunk:
    return started_high(healthy(n_points), excess, decay=n_points / 100, vocab_size=vocab_size)


@pytest.mark.parametrize(("n_points", "excess"), [(100, 5.0), (1000, 20.0), (1000, 300.0), (10_000, 5.0)])
def test_a_start_far_above_a_uniform_guess_is_told(n_points: int, excess: float) -> None:
    found = leading(high(excess, n_points))["bad_init"]
    assert found.severity is Severity.WARNING
    assert found.onset_step == 1
    assert found.facts["start_ratio"] == pytest.approx((UNIFORM + excess) / UNIFORM, rel=0.02)
    assert "times the 10.82 of a uniform guess over 50 257" in found.statement


def test_it_is_known_at_once() -> None:
    assert leading(high(20.0))["bad_init"].detected_at_step <= 20


def test_a_whole_multiple_is_noticed() -> None:
    assert leading(high(UNIFORM, vocab_size=VOCABULARY))["bad_init"].facts["whole_ratio"] == 1.0


def test_a_log_in_pieces_says_the_same() -> None:
    chunk = strided(high(20.0, 300), 10)
    assert said(ALL, pieces(chunk, [1, 2, 150])) == said(ALL, [chunk])


def late(chunk: Chunk) -> Chunk:
    return Chunk(chunk.steps + 5000, chunk.columns, None, chunk.events, chunk.config)


SOUND = {
    "a uniform start": high(0.1),
    "a common initialisation": high(1.0),
    "no size is known": high(20.0, vocab_size=None),
    "the log begins late": late(high(20.0)),
    "a spike later on": curves.spike(high(0.1), at=400, height=20.0),
    "no model of classes": healthy(1000, first=70.0),
}


@pytest.mark.parametrize("name", SOUND)
def test_look_alikes_are_not_accused(name: str) -> None:
    assert "bad_init" not in leading(SOUND[name])


def test_what_the_user_says_of_the_size_counts() -> None:
    chunk = curves.with_values(healthy(500), TRAIN, healthy(500).columns[TRAIN].values + 4.0)
    told = Chunk(chunk.steps, chunk.columns, None, (), {"num_classes": 10})
    assert "bad_init" in leading(told)
    assert "bad_init" not in leading(chunk)
