"""too_good: next to no loss, too soon."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, leading

from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.testing import curves, curves_validation
from descentry.testing.curves import TRAIN, VAL, healthy
from descentry.testing.curves_events import given_away
from descentry.testing.transforms import pieces, strided
from descentry.testing.verdicts import said


@pytest.mark.parametrize(("n_points", "within"), [(200, 0.02), (2000, 0.004), (2000, 0.03), (10_000, 0.02)])
def test_a_language_model_that_knows_all_at_once_is_told(n_points: int, within: float) -> None:
    found = leading(given_away(healthy(n_points), within=within))["too_good"]
    assert found.severity is Severity.CRITICAL
    assert found.onset_step <= 0.3 * n_points
    assert "and validation with it" in found.statement


def test_without_validation_text_still_cannot_be_known() -> None:
    chunk = curves.without(given_away(healthy(2000)), VAL)
    found = leading(chunk)["too_good"]
    assert "validation" not in found.statement


def test_a_small_task_that_validation_shares_is_told() -> None:
    assert "too_good" in leading(given_away(healthy(2000, n_validations=50), first=2.3, within=0.008))


def test_it_is_known_early() -> None:
    found = leading(given_away(healthy(4000), within=0.005))["too_good"]
    assert found.detected_at_step < 0.5 * 4000


def test_a_log_in_pieces_says_the_same() -> None:
    chunk = strided(given_away(healthy(400)), 7)
    assert said(ALL, pieces(chunk, [10, 100, 250])) == said(ALL, [chunk])


def easy(share: float, first: float = 2.3) -> Chunk:
    """A small task that is learned by and by, validation with it."""
    base = healthy(2000)
    rows, _ = base.columns[TRAIN]
    low = 0.002 + first * np.exp(-rows / (share * 2000))
    at = base.columns[VAL].rows
    return curves.with_values(curves.with_values(base, TRAIN, low), VAL, 1.1 * low[at], at)


SOUND = {
    "healthy": healthy(2000),
    "learned by heart": given_away(healthy(2000), val_too=False),
    "an easy task": easy(0.1),
    "grokking": curves_validation.grokking(healthy(2000, n_validations=60), at=1000),
    "a few points": given_away(healthy(20)),
    "a log that begins late": Chunk(
        healthy(500).steps + 9000, given_away(healthy(500)).columns, None, (), {}
    ),
    "a drop to nothing late": curves.with_values(
        healthy(2000, first=10.0), TRAIN,
        np.where(np.arange(2000) < 1200, healthy(2000, first=10.0).columns[TRAIN].values, 0.01),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_look_alikes_are_not_accused(name: str) -> None:
    assert "too_good" not in leading(SOUND[name])
