"""loss_metric_split: the task metric goes the wrong way while its loss improves, or the reverse."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, leading

from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.sources.score_names import direction
from descentry.testing import curves, curves_validation
from descentry.testing.curves import TRAIN, VAL, healthy
from descentry.testing.curves_validation import VAL_ACCURACY
from descentry.testing.noise import NOISES
from descentry.testing.transforms import pieces, strided
from descentry.testing.verdicts import said

NAME = "loss_metric_split"


def split(
    n_points: int = 2000, lost: float = 0.3, n_validations: int = 40, name: str = VAL_ACCURACY
) -> Chunk:
    base = healthy(n_points, seed=1, n_validations=n_validations)
    return curves_validation.metric(base, at=n_points // 2, lost=lost, name=name)


@pytest.mark.parametrize("n_points", [300, 2000, 20_000])
@pytest.mark.parametrize("n_validations", [20, 100])
@pytest.mark.parametrize("lost", [0.3, 0.6])
def test_a_metric_that_turns_while_the_loss_falls_on_is_told(
    n_points: int, n_validations: int, lost: float
) -> None:
    found = leading(split(n_points, lost, n_validations))[NAME]
    assert found.severity is Severity.WARNING
    assert found.curve == VAL_ACCURACY
    assert found.onset_step == pytest.approx(0.5 * n_points, abs=0.12 * n_points)


@pytest.mark.parametrize("name", ["val/f1", "valid_bleu", "validation mAP", "eval/auroc"])
def test_metrics_that_rise_are_known_by_name(name: str) -> None:
    assert leading(split(name=name))[NAME].curve == name


@pytest.mark.parametrize("name", ["eval_wer", "val/bits_per_byte", "val_rmse"])
def test_metrics_that_fall_are_known_by_name(name: str) -> None:
    chunk = split()
    rows, right = chunk.columns[VAL_ACCURACY]
    chunk = curves.with_values(curves.without(chunk, VAL_ACCURACY), name, 2.0 - right, rows)
    assert leading(chunk)[NAME].curve == name


@pytest.mark.parametrize(
    ("name", "way"),
    [("val/f1", 1), ("mIoU", 1), ("eval_wer", -1), ("train/f1", 0), ("best_f1", 0), ("loss", 0), ("x", 0)],
)
def test_the_direction_of_a_name(name: str, way: int) -> None:
    assert direction(name) == way


def test_it_says_what_moved_where_and_is_known_before_the_end() -> None:
    found = leading(split())[NAME]
    assert found.statement.startswith("val_accuracy goes from 0.8")
    assert ", the wrong way, while the validation loss falls from 2.3" in found.statement
    assert found.detected_at_step <= 1600


def test_a_metric_that_improves_while_the_loss_overfits_follows_from_that() -> None:
    base = healthy(2000, seed=1, n_validations=60)
    chunk = curves.overfit(base, at=600, rise=0.8)
    rows = chunk.columns[VAL].rows
    noise = 0.002 * np.random.default_rng(0).standard_normal(len(rows))
    chunk = curves.with_values(chunk, VAL_ACCURACY, 0.3 + 0.5 * rows / 2000 + noise, rows)
    assert NAME not in leading(chunk)
    found = {one.pattern: one for one in said(ALL, [chunk])}
    assert found[NAME].curve == VAL
    assert found[NAME].explained_by is not None


@pytest.mark.parametrize(("loss", "name"), [(TRAIN, "train_ppl"), (VAL, "val_ppl")])
def test_a_perplexity_that_leaves_its_loss_is_told(loss: str, name: str) -> None:
    chunk = healthy(2000, seed=1, n_validations=60)
    rows, values = chunk.columns[loss]
    drift = 1.0 + 0.4 * np.clip((rows - 1000) / 1000, 0.0, 1.0)
    assert quiet(curves.with_values(chunk, name, np.exp(values), rows))
    assert quiet(curves.with_values(chunk, name, np.exp(values / np.log(2.0)), rows))
    assert leading(curves.with_values(chunk, name, np.exp(values * drift), rows))[NAME].curve == name


def test_stride_and_pieces_of_the_log_play_no_part() -> None:
    plain = leading(split())[NAME]
    assert leading(strided(split(), 50))[NAME].onset_step == 50 * plain.onset_step
    assert said(ALL, pieces(split(600), [7, 150, 420])) == said(ALL, [split(600)])


def quiet(chunk: Chunk) -> bool:
    return all(one.pattern != NAME for one in said(ALL, [chunk]))


@pytest.mark.parametrize("noise", NOISES)
def test_a_metric_that_goes_with_its_loss_is_quiet(noise: str) -> None:
    for seed in range(3):
        base = healthy(1500, seed=seed, noise=NOISES[noise], n_validations=50)
        assert quiet(curves_validation.metric(base, seed=seed))


def test_a_noisy_metric_has_not_turned() -> None:
    for seed in range(6):
        chunk = curves_validation.metric(healthy(1500, seed=seed, n_validations=60), seed=seed)
        rows, right = chunk.columns[VAL_ACCURACY]
        noise = 0.05 * np.random.default_rng(seed).standard_normal(len(rows))
        assert quiet(curves.with_values(chunk, VAL_ACCURACY, right + noise, rows))


def test_a_metric_at_its_ceiling_has_not_turned() -> None:
    chunk = curves_validation.metric(healthy(1500, seed=1, n_validations=60))
    rows, right = chunk.columns[VAL_ACCURACY]
    assert quiet(curves.with_values(chunk, VAL_ACCURACY, np.minimum(right, 0.7), rows))


def test_a_metric_that_never_left_chance_has_nothing_to_lose() -> None:
    chunk = healthy(1500, seed=1, n_validations=60)
    rows = chunk.columns[VAL].rows
    assert quiet(curves.with_values(chunk, VAL_ACCURACY, 0.1 - 0.00001 * rows, rows))


def test_loss_and_metric_that_get_worse_together_do_not_split() -> None:
    chunk = curves.divergence(healthy(2000, seed=1, n_validations=60), at=1000, rise=3.0)
    assert quiet(curves_validation.metric(chunk, at=1000, lost=0.3))


def test_metrics_of_training_and_names_that_tell_nothing_are_passed_over() -> None:
    for name in ("train/f1", "quality", "best_f1"):
        assert quiet(split(name=name))


def test_without_a_validation_loss_there_is_nothing_to_split_from() -> None:
    assert quiet(curves.without(split(), VAL))
