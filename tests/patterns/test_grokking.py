"""grokking: training is learned by heart, validation follows long after."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, leading

from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.testing import curves, curves_validation
from descentry.testing.curves import TRAIN, VAL, healthy
from descentry.testing.curves_validation import ACCURACY, VAL_ACCURACY
from descentry.testing.transforms import pieces, scaled, strided
from descentry.testing.verdicts import said


def late(n_points: int = 2000, share: float = 0.5, n_validations: int = 60, seed: int = 0) -> Chunk:
    base = healthy(n_points, seed=seed, n_validations=n_validations)
    return curves_validation.grokking(base, at=int(share * n_points), seed=seed)


@pytest.mark.parametrize("n_validations", [12, 30, 200])
@pytest.mark.parametrize("share", [0.35, 0.55, 0.75])
@pytest.mark.parametrize("n_points", [400, 8000])
def test_a_late_fall_of_validation_is_found_where_it_begins(
    n_points: int, share: float, n_validations: int
) -> None:
    found = leading(late(n_points, share, n_validations))["grokking"]
    assert found.onset_step == pytest.approx(share * n_points, abs=(0.04 + 2.5 / n_validations) * n_points)
    assert found.severity is Severity.INFO
    assert found.curve == VAL


def test_it_says_when_training_was_done_and_when_validation_followed() -> None:
    statement = leading(late())["grokking"].statement
    assert statement.startswith("training has learned its examples by step ")
    assert "validation stays near 5" in statement
    assert "then falls to" in statement


@pytest.mark.parametrize("seed", range(4))
def test_it_is_known_before_the_log_ends(seed: int) -> None:
    found = leading(late(seed=seed))["grokking"]
    assert found.detected_at_step <= found.onset_step + 300


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_unit_and_stride_of_the_log_play_no_part(factor: float) -> None:
    plain, other = leading(late())["grokking"], leading(strided(scaled(late(), factor), 50))["grokking"]
    assert other.onset_step == 50 * plain.onset_step


def test_a_log_in_pieces_says_the_same() -> None:
    chunk = late(600)
    assert said(ALL, pieces(chunk, [7, 150, 151, 420])) == said(ALL, [chunk])


def test_accuracy_alone_shows_it() -> None:
    chunk = late()
    rows = chunk.columns[VAL].rows
    right = 1.0 - np.clip(chunk.columns[VAL].values / 5.1, 0.0, 0.99)
    train = 1.0 - np.clip(chunk.columns[TRAIN].values / 4.1, 0.0, 0.99)
    chunk = curves.with_values(curves.without(chunk, VAL), VAL_ACCURACY, right, rows)
    found = leading(curves.with_values(chunk, ACCURACY, 100.0 * train))["grokking"]
    assert found.curve == VAL_ACCURACY
    assert "wrong answers" in found.statement


def no_grokking(chunk: Chunk) -> bool:
    return all(one.pattern != "grokking" for one in said(ALL, [chunk]))


def test_a_healthy_run_is_no_grokking() -> None:
    assert all(no_grokking(healthy(n, seed=n, n_validations=40)) for n in (300, 2000, 9000))


def test_a_run_that_memorises_for_good_is_no_grokking() -> None:
    chunk = late()
    rows, values = chunk.columns[VAL]
    assert no_grokking(curves.with_values(chunk, VAL, 5.0 + 0.1 * np.cos(rows), rows))
    assert len(values) == 60


def test_validation_that_falls_only_by_a_third_is_no_grokking() -> None:
    rows, values = late().columns[VAL]
    assert no_grokking(curves.with_values(late(), VAL, 3.4 + 0.32 * values, rows))


def test_a_short_lag_is_no_grokking() -> None:
    assert no_grokking(late(share=0.0))


def test_a_drop_of_both_at_a_cut_of_the_rate_is_no_grokking() -> None:
    chunk = curves.staircase(healthy(2000, seed=2, floor=0.05, n_validations=60), [1200], ratio=0.3, by="lr")
    rows, values = chunk.columns[VAL]
    assert no_grokking(curves.with_values(chunk, VAL, np.where(rows > 1200, 0.3 * values, values), rows))


def test_overfitting_is_no_grokking() -> None:
    assert no_grokking(curves.overfit(healthy(2000, seed=1, n_validations=40), at=600, rise=1.5))


def test_fine_tuning_whose_validation_begins_late_and_low_is_no_grokking() -> None:
    chunk = healthy(2000, seed=1, floor=0.05, exponent=1.0, n_validations=40)
    rows, _ = chunk.columns[VAL]
    slow = 0.6 * np.exp(-((rows / 2000) ** 2) * 3.0)
    assert no_grokking(curves.with_values(chunk, VAL, slow, rows))


def test_training_that_forgets_again_is_no_grokking() -> None:
    chunk = late()
    values = chunk.columns[TRAIN].values.copy()
    values[400:] = 3.0
    assert no_grokking(curves.with_values(chunk, TRAIN, values))


def test_too_few_validations_show_no_shelf() -> None:
    assert no_grokking(late(n_validations=5))


def test_the_rise_before_it_follows_from_it() -> None:
    chunk = late()
    rows, values = chunk.columns[VAL]
    swollen = values + 3.0 * np.exp(-(((rows - 600) / 250) ** 2))
    assert "overfit" not in leading(curves.with_values(chunk, VAL, swollen, rows))
