"""leakage: validation lies below training for good, or the test set is looked at more than once."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from tests.patterns.saying import ALL, leading

from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.testing import curves, curves_validation
from descentry.testing.curves import TRAIN, VAL, healthy
from descentry.testing.noise import NOISES
from descentry.testing.transforms import pieces, scaled, strided
from descentry.testing.verdicts import said

NAME = "leakage"


def leaked(n_points: int = 2000, share: float = 0.25, since: int = 0, seed: int = 1) -> Chunk:
    chunk = healthy(n_points, seed=seed, n_validations=40)
    return curves_validation.leakage(chunk, share, since)


@pytest.mark.parametrize(("n_points", "share"), [(200, 0.2), (2000, 0.4), (2000, 0.8), (10_000, 0.2)])
def test_validation_far_below_training_is_told(n_points: int, share: float) -> None:
    found = leading(leaked(n_points, share))[NAME]
    # From the start on it is another measure, such as dropout makes: nothing has been seen yet.
    assert found.severity is Severity.INFO
    assert found.curve == VAL
    assert found.onset_step <= 0.1 * n_points


@pytest.mark.parametrize("noise", NOISES)
def test_it_is_told_under_any_noise(noise: str) -> None:
    chunk = healthy(2000, seed=2, noise=NOISES[noise], n_validations=40)
    assert NAME in leading(curves_validation.leakage(chunk, 0.3))


def test_a_sudden_fall_below_training_is_placed_where_it_comes() -> None:
    found = leading(leaked(share=0.4, since=900))[NAME]
    assert found.severity is Severity.WARNING
    assert found.onset_step == pytest.approx(900, abs=60)
    assert f"below training since step {found.onset_step}:" in found.statement.replace(" ", " ")


def test_it_says_both_levels_and_is_known_early() -> None:
    found = leading(leaked())[NAME]
    assert found.statement.startswith("validation lies 2")
    assert "% below training from the start: " in found.statement
    assert found.detected_at_step <= 600


def test_unit_stride_and_pieces_of_the_log_play_no_part() -> None:
    plain = leading(leaked())[NAME]
    for factor in (0.01, 100.0):
        assert leading(strided(scaled(leaked(), factor), 50))[NAME].onset_step == 50 * plain.onset_step
    assert said(ALL, pieces(leaked(600), [7, 150, 420])) == said(ALL, [leaked(600)])


def quiet(chunk: Chunk) -> bool:
    return all(one.pattern != NAME for one in said(ALL, [chunk]))


@pytest.mark.parametrize("n_validations", [6, 20, 100])
def test_healthy_runs_leak_nothing(n_validations: int) -> None:
    assert all(quiet(healthy(1500, seed=seed, sigma=0.1, n_validations=n_validations)) for seed in range(4))


def test_an_easier_validation_set_is_no_leak() -> None:
    assert quiet(leaked(share=0.1))


def test_a_training_loss_averaged_over_epochs_lags_and_is_no_leak() -> None:
    chunk = curves.without(healthy(3000, seed=1, first=6.0, floor=0.2, exponent=1.2, n_validations=30), "lr")
    rows, values = chunk.columns[VAL]
    ends = np.append(0, rows + 1)
    averaged = np.array([chunk.columns[TRAIN].values[a:b].mean() for a, b in pairwise(ends)])
    assert quiet(
        curves.with_values(curves.with_values(chunk, TRAIN, averaged, rows), VAL, values - 0.05, rows)
    )


def test_validation_below_in_the_first_epochs_alone_is_no_leak() -> None:
    chunk = healthy(2000, seed=1, n_validations=40)
    rows, values = chunk.columns[VAL]
    assert quiet(curves.with_values(chunk, VAL, np.where(rows < 500, 0.7 * values, values), rows))


def test_dropout_explains_a_wide_gap_and_label_smoothing_any() -> None:
    assert quiet(replace(leaked(), config={"dropout": 0.1}))
    assert not quiet(replace(leaked(share=0.6), config={"dropout": 0.1}))
    assert not quiet(replace(leaked(), config={"dropout": 0.0}))
    assert quiet(replace(leaked(share=0.6), config={"label_smoothing": 0.1}))


def test_levels_near_zero_are_far_apart_and_no_leak() -> None:
    chunk = healthy(2000, seed=1, first=5.0, floor=0.001, exponent=3.0, sigma=0.0, n_validations=40)
    rows, values = chunk.columns[VAL]
    assert quiet(curves.with_values(chunk, VAL, 0.5 * (values - 0.05) + 1e-6, rows))


def test_training_that_blows_up_is_no_leak() -> None:
    chunk = curves.divergence(healthy(2000, seed=1, n_validations=40), at=1000, rise=4.0)
    rows, _ = chunk.columns[VAL]
    calm = healthy(2000, seed=1, n_validations=40).columns[VAL].values
    assert quiet(curves.with_values(chunk, VAL, calm, rows))


@pytest.mark.parametrize("name", ["test_loss", "test/loss"])
def test_a_test_set_that_is_looked_at_again_is_told(name: str) -> None:
    found = leading(curves_validation.with_test_loss(healthy(2000, seed=1), name=name))[NAME]
    assert found.severity is Severity.INFO
    assert found.curve == name
    assert found.statement.startswith(
        "the test loss is evaluated 20 times, from step 100 to 2 000: a leak of the test"
    )
    assert found.onset_step == found.detected_at_step == 200 or found.detected_at_step < 400


def test_one_evaluation_of_the_test_set_is_what_it_is_for() -> None:
    chunk = healthy(2000, seed=1)
    assert quiet(curves.with_values(chunk, "test_loss", np.array([2.3]), np.array([1999])))


def test_a_test_set_that_is_only_looked_at_when_validation_is_best_is_passed_over() -> None:
    chunk = curves.overfit(healthy(2000, seed=1), at=1000, rise=0.8)
    rows, values = chunk.columns[VAL]
    best = values <= np.minimum.accumulate(values)
    assert quiet(curves.with_values(chunk, "test_loss", values[best], rows[best]))
